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
{{- with .Values.webhooks.preview -}}
{{- if and .enabled (or .existingWorkloads .namespaceLimits) (lt (int $.Values.webhooks.timeoutSeconds) 2) -}}
{{- fail "webhooks.timeoutSeconds: invalid value: must be at least 2 with webhooks.preview.existingWorkloads or namespaceLimits: their lookups take up to 950 ms, and API servers would drop the warnings" -}}
{{- end -}}
{{- end -}}
{{- if eq (int .Values.ports.webhook) (int .Values.ports.admin) -}}
{{- fail (printf "ports.admin: duplicate value %d: set a port other than ports.webhook" (int .Values.ports.admin)) -}}
{{- end -}}
{{- if .Values.hostNetwork -}}
{{- range $name, $port := .Values.ports -}}
{{- if eq (int $port) 10250 -}}
{{- fail (printf "ports.%s: invalid value 10250 with hostNetwork: the kubelet has this port on every node; set another one that is free on the nodes, for example 10260" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $argument := .Values.extraArgs -}}
{{- range $flag, $value := dict "--listen" "ports.webhook" "--admin-listen" "ports.admin" -}}
{{- if eq $flag (splitList "=" $argument | first) -}}
{{- fail (printf "extraArgs: forbidden: %s; set %s, which the Service and the probes use as well" $flag $value) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled .Values.podMonitor.enabled -}}
{{- fail "podMonitor.enabled: forbidden with serviceMonitor.enabled: Prometheus would scrape each replica twice; set one of them to false" -}}
{{- end -}}
{{- if .Values.requiredCompanions.enabled -}}
{{- $why := "the policies would deny Pods that podgraft does not review" -}}
{{- range list "requested" "optedIn" "clusterWide" -}}
{{- if not (get $.Values.webhooks .).enabled -}}
{{- fail (printf "webhooks.%s.enabled: invalid value: must be true with requiredCompanions.enabled: %s" . $why) -}}
{{- end -}}
{{- end -}}
{{- if .Values.webhooks.namespaceMatchExpressions -}}
{{- fail (printf "webhooks.namespaceMatchExpressions: forbidden with requiredCompanions.enabled: %s; use excludedNamespaces, which the policies leave out as well" $why) -}}
{{- end -}}
{{- if .Values.webhooks.matchConditions -}}
{{- fail (printf "webhooks.matchConditions: forbidden with requiredCompanions.enabled: %s; exclude Pods in the podSelector of the companions" $why) -}}
{{- end -}}
{{- end -}}
{{- end -}}
