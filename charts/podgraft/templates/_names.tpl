{{- define "podgraft.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- /* The name of the installation. The name of a Service can have at most 63 characters and no dots; that of a release can
have dots. */ -}}
{{- define "podgraft.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else -}}
{{- $name := include "podgraft.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | replace "." "-" | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | replace "." "-" | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "podgraft.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{- /* Excluded namespaces, as a JSON list. podgraft's own is one of them, because its Pods must be created while podgraft is
down. */ -}}
{{- define "podgraft.excludedNamespaces" -}}
{{- concat (list "kube-system" "kube-public" "kube-node-lease" (include "podgraft.namespace" .)) (.Values.excludedNamespaces | default list) | uniq | toJson -}}
{{- end -}}

{{- define "podgraft.selectorLabels" -}}
app.kubernetes.io/name: {{ include "podgraft.name" . }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: server
{{- end -}}

{{- /* The labels of every object other than a Pod. */ -}}
{{- define "podgraft.labels" -}}
{{- $labels := dict
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")
  "app.kubernetes.io/name" (include "podgraft.name" .)
  "app.kubernetes.io/instance" .Release.Name
  "app.kubernetes.io/version" .Chart.AppVersion
  "app.kubernetes.io/part-of" "podgraft"
  "app.kubernetes.io/managed-by" .Release.Service -}}
{{- toYaml (merge $labels (.Values.commonLabels | default dict)) -}}
{{- end -}}

{{- define "podgraft.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "podgraft.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "podgraft.image" -}}
{{- with .Values.image -}}
{{- if not .repository -}}
{{- fail "image.repository: required value: there is no published image; build one with `make image`, push it, and set its name, for example registry.example/podgraft" -}}
{{- end -}}
{{- $registry := .registry | default $.Values.global.imageRegistry -}}
{{- if $registry }}{{ $registry }}/{{ end -}}
{{- .repository -}}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end -}}
{{- end -}}
{{- end -}}

{{- /* Pull Secrets, in the forms that charts use: one name, names, or the objects of a Pod. */ -}}
{{- define "podgraft.imagePullSecrets" -}}
{{- $names := list -}}
{{- range $given := list .Values.global.imagePullSecrets .Values.imagePullSecrets -}}
{{- range kindIs "string" $given | ternary (compact (list $given)) $given -}}
{{- $names = append $names (kindIs "string" . | ternary . (get (kindIs "map" . | ternary . dict) "name")) -}}
{{- end -}}
{{- end -}}
{{- range uniq $names }}
- name: {{ . }}
{{- end }}
{{- end -}}

{{- /* The security context of a Pod. OpenShift assigns a UID from the range of the namespace, and denies Pods with another. */ -}}
{{- define "podgraft.podSecurityContext" -}}
{{- $detected := and (eq .Values.openshift "auto") (.Capabilities.APIVersions.Has "security.openshift.io/v1") -}}
{{- if or $detected (eq .Values.openshift "enabled") -}}
{{- toYaml (omit .Values.podSecurityContext "runAsUser" "runAsGroup" "fsGroup") -}}
{{- else -}}
{{- toYaml .Values.podSecurityContext -}}
{{- end -}}
{{- end -}}

{{- /* The Secret with the serving certificate. cert-manager uses a different name than podgraft: on a change of the mode Helm
would delete a shared Secret after cert-manager had filled it. */ -}}
{{- define "podgraft.certificateSecret" -}}
{{- $fullname := include "podgraft.fullname" . -}}
{{- if eq .Values.certificate.mode "selfManaged" -}}
{{ $fullname }}-certificate
{{- else if eq .Values.certificate.mode "certManager" -}}
{{ $fullname }}-tls
{{- else -}}
{{ .Values.certificate.secret.name }}
{{- end -}}
{{- end -}}

{{- /* Converts a duration such as 720h to seconds. */ -}}
{{- define "podgraft.seconds" -}}
{{- $unit := get (dict "s" 1 "m" 60 "h" 3600) (regexFind "[a-z]+$" .) -}}
{{- mul (regexFind "^[0-9]+" . | int) $unit -}}
{{- end -}}
