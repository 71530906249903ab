{{- /* Checks of combinations of values; the schema checks each value. The policies of required companions deny every Pod of the
cluster that lacks one, so podgraft must review every Pod. */ -}}
{{- define "podgraft.checks" -}}
{{- if eq .Values.certificate.mode "secret" -}}
{{- if not .Values.certificate.secret.name -}}
{{- fail "certificate.secret.name: required value with certificate.mode secret: the Secret with tls.crt and tls.key" -}}
{{- end -}}
{{- if not .Values.certificate.secret.caBundle -}}
{{- fail "certificate.secret.caBundle: required value with certificate.mode secret: the CA certificates in PEM" -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.certificate.mode "selfManaged" -}}
{{- range list "lifetime" "caLifetime" -}}
{{- if lt (include "podgraft.seconds" (get $.Values.certificate .) | int) 10 -}}
{{- fail (printf "certificate.%s: invalid value: must be at least 10s, because the next certificate is issued when a third of the lifetime is left" .) -}}
{{- end -}}
{{- end -}}
{{- if ge (mul 3 (include "podgraft.seconds" .Values.certificate.caPause | int)) (include "podgraft.seconds" .Values.certificate.caLifetime | int) -}}
{{- fail "certificate.caPause: invalid value: must be shorter than a third of certificate.caLifetime, the time in which the next CA becomes trusted" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.clientCA.secretName (not .Values.clientCA.names) -}}
{{- fail "clientCA.names: required value with clientCA.secretName: without names, any client with a certificate of that CA would be accepted" -}}
{{- end -}}
{{- if and .Values.clientCA.names (not .Values.clientCA.secretName) -}}
{{- fail "clientCA.secretName: required value with clientCA.names: without a CA, no client certificate is verified" -}}
{{- end -}}
{{- if .Values.requiredCompanions.enabled -}}
{{- $why := "the policies would deny Pods that podgraft does not review" -}}
{{- range list "requested" "optedIn" "clusterWide" -}}
{{- if not (get $.Values.webhooks .).enabled -}}
{{- fail (printf "webhooks.%s.enabled: invalid value: must be true with requiredCompanions.enabled: %s" . $why) -}}
{{- end -}}
{{- end -}}
{{- if .Values.excludedNamespaces -}}
{{- fail (printf "excludedNamespaces: forbidden with requiredCompanions.enabled: %s; exclude namespaces in the namespaceSelector of the companions" $why) -}}
{{- end -}}
{{- if .Values.webhooks.matchConditions -}}
{{- fail (printf "webhooks.matchConditions: forbidden with requiredCompanions.enabled: %s; exclude Pods in the podSelector of the companions" $why) -}}
{{- end -}}
{{- end -}}
{{- end -}}
