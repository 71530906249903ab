{{- /* Metadata of a webhook configuration. Arguments: {webhook, root}. */ -}}
{{- define "podgraft.webhook.metadata" -}}
name: {{ include "podgraft.fullname" .root }}-{{ .webhook }}
labels:
  {{- merge (include "podgraft.labels" .root | fromYaml) (.root.Values.webhooks.labels | default dict) | toYaml | nindent 2 }}
{{- $annotations := .root.Values.webhooks.annotations | default dict | deepCopy }}
{{- if eq .root.Values.certificate.mode "certManager" }}
{{- $_ := set $annotations "cert-manager.io/inject-ca-from" (printf "%s/%s" (include "podgraft.namespace" .root) (include "podgraft.fullname" .root)) }}
{{- end }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- /* Fields of all webhooks. Arguments: {path, failurePolicy, root}. Events are a side effect, which a dry run does not have. The chart sets caBundle only from its value: otherwise
podgraft or cert-manager writes it, and an upgrade keeps a field that the chart does not set. */ -}}
{{- define "podgraft.webhook.common" -}}
clientConfig:
  service:
    name: {{ include "podgraft.fullname" .root }}
    namespace: {{ include "podgraft.namespace" .root | quote }}
    path: {{ .path }}
    port: 443
  {{- if eq .root.Values.certificate.mode "secret" }}
  caBundle: {{ .root.Values.certificate.secret.caBundle | b64enc }}
  {{- end }}
admissionReviewVersions: [v1]
sideEffects: {{ and .root.Values.events.enabled (ne .path "/preview") | empty | ternary "None" "NoneOnDryRun" }}
matchPolicy: Equivalent
timeoutSeconds: {{ .root.Values.webhooks.timeoutSeconds }}
failurePolicy: {{ .failurePolicy }}
{{- end -}}

{{- /* Additional fields of webhooks for Pods. Same arguments. */ -}}
{{- define "podgraft.webhook.pods" -}}
{{ include "podgraft.webhook.common" . }}
reinvocationPolicy: IfNeeded
rules:
- apiGroups: [""]
  apiVersions: [v1]
  operations: [CREATE]
  resources: [pods]
  scope: Namespaced
{{- end -}}

{{- /* The namespaces of a webhook. Arguments: {root, inject}; `inject` is {operator, values} for the label podgraft.dev/inject, or
absent. AKS labels the namespaces that it manages, and would exclude them itself without the default annotation of the
configurations. With required companions that label is not considered, because a user who sets it on a namespace would opt out.
Platforms append their own requirements, so further ones are the last: the lists are only equal in the same order. */ -}}
{{- define "podgraft.webhook.namespaceSelector" -}}
matchExpressions:
- key: kubernetes.io/metadata.name
  operator: NotIn
  values:
  {{- include "podgraft.excludedNamespaces" .root | fromJsonArray | toYaml | nindent 2 }}
{{- if not .root.Values.requiredCompanions.enabled }}
- key: kubernetes.azure.com/managedby
  operator: NotIn
  values: [aks]
{{- end }}
{{- with .inject }}
- key: podgraft.dev/inject
  operator: {{ .operator }}
  values: [{{ join ", " .values }}]
{{- end }}
{{- with .root.Values.webhooks.namespaceMatchExpressions }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* Pods without the label podgraft.dev/inject: disabled. */ -}}
{{- define "podgraft.webhook.notOptedOut" -}}
matchExpressions:
- key: podgraft.dev/inject
  operator: NotIn
  values: [disabled]
{{- end -}}

{{- /* Conditions of every webhook for Pods. A mirror Pod must be created by a node: every user can set the annotation, and
could bypass podgraft with it. */ -}}
{{- define "podgraft.webhook.conditions" -}}
- name: not-a-mirror
  expression: "!('kubernetes.io/config.mirror' in object.metadata.?annotations.orValue({}) && request.userInfo.username.startsWith('system:node:'))"
{{- with .Values.webhooks.matchConditions }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* Whether the Pod has a key of podgraft that its author can write: the requested webhook receives these Pods, the other webhooks
the rest. Searching a map takes time for each of its keys, so a Pod with very many counts as one that has such a key. */ -}}
{{- define "podgraft.webhook.setsKeys" -}}
{{- $keys := list -}}
{{- range $map := list "annotations" "labels" -}}
{{- $keys = append $keys (printf "object.metadata.?%s.orValue({}).size() > 256" $map) -}}
{{- end -}}
{{- range $map := list "annotations" "labels" -}}
{{- $keys = append $keys (printf "object.metadata.?%s.orValue({}).exists(k, k.startsWith('podgraft.dev/') && !(k in ['podgraft.dev/status', 'podgraft.dev/skipped']))" $map) -}}
{{- end -}}
{{ join " || " $keys }}
{{- end -}}
