{{/* Made when the release goes, and gone with it. After a failure the job stays until the next try, for whoever reads its log. */}}
{{- define "weir.hook" -}}
helm.sh/hook: pre-delete
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
helm.sh/hook-output-log-policy: hook-succeeded,hook-failed
{{- end }}
