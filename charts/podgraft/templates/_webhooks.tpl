{{- /* Metadata of a configuration: {webhook, root}. */ -}}
{{- define "podgraft.webhook.metadata" -}}
name: {{ include "podgraft.fullname" .root }}-{{ .webhook }}
labels:
  {{- include "podgraft.labels" .root | nindent 2 }}
{{- if eq .root.Values.certificate.mode "certManager" }}
annotations:
  cert-manager.io/inject-ca-from: {{ .root.Release.Namespace }}/{{ include "podgraft.fullname" .root }}
{{- end }}
{{- end -}}

{{- /* What all webhooks have in common: {path, failurePolicy, root}. There is no caBundle unless you give one: podgraft
or cert-manager writes it, and a field that the chart does not have survives every upgrade. */ -}}
{{- define "podgraft.webhook.common" -}}
clientConfig:
  service:
    name: {{ include "podgraft.fullname" .root }}
    namespace: {{ .root.Release.Namespace | quote }}
    path: {{ .path }}
    port: 443
  {{- if eq .root.Values.certificate.mode "secret" }}
  caBundle: {{ .root.Values.certificate.secret.caBundle | b64enc }}
  {{- end }}
admissionReviewVersions: [v1]
sideEffects: None
matchPolicy: Equivalent
timeoutSeconds: {{ .root.Values.webhooks.timeoutSeconds }}
failurePolicy: {{ .failurePolicy }}
{{- end -}}

{{- /* What webhooks for Pods have in common besides. */ -}}
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

{{- /* Namespaces that are never touched; podgraft's own is one, or its Pods could not be made while it is down. */ -}}
{{- define "podgraft.webhook.leftAlone" -}}
- key: kubernetes.io/metadata.name
  operator: NotIn
  values:
  {{- concat (list "kube-system" "kube-public" "kube-node-lease" .Release.Namespace) .Values.excludedNamespaces | uniq | toYaml | nindent 2 }}
{{- end -}}

{{- /* Pods that are not opted out themselves. */ -}}
{{- define "podgraft.webhook.notOptedOut" -}}
matchExpressions:
- key: podgraft.dev/inject
  operator: NotIn
  values: [disabled]
{{- end -}}

{{- /* Conditions of every webhook for Pods. A mirror Pod is one that a node makes: the annotation alone, which anybody
may write, would be a way around podgraft. */ -}}
{{- define "podgraft.webhook.conditions" -}}
- name: not-a-mirror
  expression: "!('kubernetes.io/config.mirror' in object.metadata.?annotations.orValue({}) && request.userInfo.username.startsWith('system:node:'))"
{{- with .Values.webhooks.matchConditions }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* Whether a Pod says something itself: the line between the requested webhook and the others. */ -}}
{{- define "podgraft.webhook.asks" -}}
'podgraft.dev/companions' in object.metadata.?annotations.orValue({}) || 'podgraft.dev/inject' in object.metadata.?labels.orValue({})
{{- end -}}
