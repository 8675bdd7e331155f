{{/* Labels of every object. Takes the root and the component. */}}
{{- define "weir.labels" -}}
{{- $root := index . 0 -}}
{{ include "weir.selector" . }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name ($root.Chart.Version | replace "+" "_") }}
{{- end }}

{{/* By these the operator finds the agents' pods: AGENT_POD_LABELS in src/api/names.ts. Takes the root and the component. */}}
{{- define "weir.selector" -}}
app.kubernetes.io/name: weir
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "weir.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* Rules of a role, made from config/. Takes the root and `Kind.name`. */}}
{{- define "weir.rules" -}}
{{- $path := printf "files/rules/%s.yaml" (index . 1) -}}
{{- (index . 0).Files.Get $path | required (printf "the chart lacks %s" $path) | trim -}}
{{- end }}
