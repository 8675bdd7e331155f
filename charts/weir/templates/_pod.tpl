{{/* What the pods of the operator and of the uninstall have in common: they may do nothing on their node. */}}
{{- define "weir.unprivilegedPod" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "weir.unprivilegedContainer" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* It answers. */}}
{{- define "weir.livenessProbe" -}}
httpGet: { path: /healthz, port: http }
periodSeconds: 10
timeoutSeconds: 5
failureThreshold: 6
{{- end }}

{{/* It does its work. */}}
{{- define "weir.readinessProbe" -}}
httpGet: { path: /readyz, port: http }
periodSeconds: 5
timeoutSeconds: 5
{{- end }}
