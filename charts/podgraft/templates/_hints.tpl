{{- /* Metadata of a policy of hints, or of its binding. Arguments: {name, root}; `name` is the end of the name, or empty. */ -}}
{{- define "podgraft.hints.metadata" -}}
name: {{ include "podgraft.fullname" .root }}-hints{{ with .name }}-{{ . }}{{ end }}
labels:
  {{- include "podgraft.labels" .root | nindent 2 }}
{{- end -}}

{{- /* The binding of a policy of hints: it only warns. Same arguments. */ -}}
{{- define "podgraft.hints.binding" -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  {{- include "podgraft.hints.metadata" . | nindent 2 }}
spec:
  policyName: {{ include "podgraft.fullname" .root }}-hints{{ with .name }}-{{ . }}{{ end }}
  validationActions: [Warn]
{{- end -}}

{{- /* The map of metadata at a CEL path. Searching a map takes time for each of its keys, so a map with very many counts as
empty: a user must not be able to occupy the API server with it. Arguments: {path, map}. */ -}}
{{- define "podgraft.hints.map" -}}
{{- $at := printf "%s.?metadata.?%s.orValue({})" .path .map -}}
size({{ $at }}) <= 256 ? {{ $at }} : {}
{{- end -}}

{{- /* Whether a key is one that Pods' authors set. Argument: the name of a CEL variable. */ -}}
{{- define "podgraft.hints.isOurs" -}}
(({{ . }}.startsWith('podgraft.dev/') || {{ . }}.startsWith('text.podgraft.dev/')) && !({{ . }} in ['podgraft.dev/status', 'podgraft.dev/skipped']))
{{- end -}}

{{- /* Whether a key resembles those of podgraft but has another domain, such as podgraft.io/companions. */ -}}
{{- define "podgraft.hints.isStrange" -}}
({{ . }}.matches('^podgraft([.][a-z0-9.-]+)?/') && !{{ . }}.startsWith('podgraft.dev/'))
{{- end -}}

{{- /* Whether the key k of a variable that is a map was set or changed: a warning appears once, and not at each update. */ -}}
{{- define "podgraft.hints.isNew" -}}
variables.{{ . }}Before[?k] != variables.{{ . }}[?k]
{{- end -}}

{{- /* Excluded namespaces, as a CEL list. */ -}}
{{- define "podgraft.hints.excluded" -}}
{{- include "podgraft.excludedNamespaces" . | replace "\"" "'" -}}
{{- end -}}

{{- /* Objects that a controller owns are the business of that controller, and a user never sees the warnings. */ -}}
{{- define "podgraft.hints.noOwner" -}}
size(object.metadata.?ownerReferences.orValue([])) <= 16 && !object.metadata.?ownerReferences.orValue([]).exists(o, o.?controller.orValue(false))
{{- end -}}

{{- /* "true" where the policy is installed that reports an outage. It cannot know which Pods further conditions of the webhooks leave
out: it is left out itself then. */ -}}
{{- define "podgraft.hints.outage" -}}
{{- $isExact := not (or .Values.webhooks.namespaceMatchExpressions .Values.webhooks.matchConditions) }}
{{- if and $isExact .Values.hints.enabled .Values.podDisruptionBudget.enabled (gt (int .Values.replicaCount) 1) }}true{{ end }}
{{- end -}}
