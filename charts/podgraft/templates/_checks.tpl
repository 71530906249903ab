{{- /* Values that each are right and together are not. The policies of required companions refuse every Pod of the cluster
that lacks one, so podgraft must be asked about every Pod. */ -}}
{{- define "podgraft.checks" -}}
{{- if eq .Values.certificate.mode "secret" -}}
{{- if not .Values.certificate.secret.name -}}
{{- fail "certificate.mode is secret: certificate.secret.name must name the Secret with tls.crt and tls.key" -}}
{{- end -}}
{{- if not .Values.certificate.secret.caBundle -}}
{{- fail "certificate.mode is secret: certificate.secret.caBundle must have the authority's certificates in PEM" -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.certificate.mode "selfManaged" -}}
{{- range list "lifetime" "caLifetime" -}}
{{- if lt (include "podgraft.seconds" (get $.Values.certificate .) | int) 10 -}}
{{- fail (printf "certificate.%s must be at least 10s: the next certificate is issued when a third of it is left" .) -}}
{{- end -}}
{{- end -}}
{{- if ge (mul 3 (include "podgraft.seconds" .Values.certificate.caPause | int)) (include "podgraft.seconds" .Values.certificate.caLifetime | int) -}}
{{- fail "certificate.caPause must be shorter than a third of certificate.caLifetime: in that third the next authority becomes known" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.clientCA.secretName (not .Values.clientCA.names) -}}
{{- fail "clientCA.secretName needs clientCA.names: any client with a certificate of that CA would count as an API server" -}}
{{- end -}}
{{- if and .Values.clientCA.names (not .Values.clientCA.secretName) -}}
{{- fail "clientCA.names needs clientCA.secretName: without a CA no client is asked for a certificate" -}}
{{- end -}}
{{- if .Values.requiredCompanions.enabled -}}
{{- $why := "the policies would refuse Pods that podgraft is never asked about" -}}
{{- range list "requested" "optedIn" "clusterWide" -}}
{{- if not (get $.Values.webhooks .).enabled -}}
{{- fail (printf "requiredCompanions.enabled needs webhooks.%s.enabled: %s" . $why) -}}
{{- end -}}
{{- end -}}
{{- if .Values.excludedNamespaces -}}
{{- fail (printf "requiredCompanions.enabled does not go with excludedNamespaces: %s. Leave namespaces out in the companions' namespaceSelector instead" $why) -}}
{{- end -}}
{{- if .Values.webhooks.matchConditions -}}
{{- fail (printf "requiredCompanions.enabled does not go with webhooks.matchConditions: %s. Leave Pods out in the companions' podSelector instead" $why) -}}
{{- end -}}
{{- end -}}
{{- end -}}
