# Makes of the Deployment the Job that tells a restored store so, with the same image, configuration and secrets:
#   kubectl -n streams get deploy streams -o json | jq -f k8s/store-restored.jq | kubectl create -f -
{
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name: "store-restored", namespace: .metadata.namespace },
  spec: {
    backoffLimit: 0,
    template: {
      metadata: { labels: .spec.template.metadata.labels },
      spec: (.spec.template.spec
        | .restartPolicy = "Never"
        | .containers[0].args = ["store", "restored", "--config", "/etc/streams"]
        | del(.containers[0] | .startupProbe, .livenessProbe, .readinessProbe, .lifecycle, .ports)
        | del(.topologySpreadConstraints))
    }
  }
}
