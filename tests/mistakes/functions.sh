# Functions for the commands of tests/mistakes/cases. They print manifests; arguments are `field=content of a flow mapping`.

# template [annotations=...] [labels=...] [spec=...] [container=...]: metadata and spec of a Pod
template() {
  annotations= labels= spec= container= meta= replicas=1
  for argument; do eval "${argument%%=*}=\${argument#*=}"; done
}

# deployment NAME [annotations=...] [labels=...] [spec=...] [container=...] [meta=...] [replicas=...]
deployment() {
  name=$1; shift; template "$@"
  cat <<END
apiVersion: apps/v1
kind: Deployment
metadata: {name: $name, $meta}
spec:
  replicas: $replicas
  selector: {matchLabels: {app: $name}}
  template:
    metadata: {labels: {app: $name, $labels}, annotations: {$annotations}}
    spec: {containers: [{name: web, image: "registry.example/web:1", $container}], $spec}
END
}

# rollout NAME, replicaset NAME: as a Deployment, but of a kind that is not built in, and what its controller creates
rollout() { deployment "$@" | sed 's|^apiVersion: .*|apiVersion: example.com/v1|; s|^kind: .*|kind: Rollout|'; }

replicaset() { deployment "$@" | sed 's|^kind: .*|kind: ReplicaSet|'; }

# pod NAME [annotations=...] [labels=...] [spec=...] [container=...]
pod() {
  name=$1; shift; template "$@"
  cat <<END
apiVersion: v1
kind: Pod
metadata: {name: $name, labels: {app: $name, $labels}, annotations: {$annotations}}
spec: {containers: [{name: web, image: "registry.example/web:1", $container}], $spec}
END
}

# job NAME [annotations=...]
job() {
  name=$1; shift; template "$@"
  cat <<END
apiVersion: batch/v1
kind: Job
metadata: {name: $name, $meta}
spec:
  template:
    metadata: {annotations: {$annotations}}
    spec: {restartPolicy: Never, containers: [{name: web, image: "registry.example/web:1"}]}
END
}

# cronjob NAME [annotations=...] [meta=content of spec.jobTemplate.metadata]
cronjob() {
  name=$1; shift; template "$@"
  cat <<END
apiVersion: batch/v1
kind: CronJob
metadata: {name: $name}
spec:
  schedule: "0 0 1 1 *"
  jobTemplate:
    metadata: {$meta}
    spec:
      template:
        metadata: {annotations: {$annotations}}
        spec: {restartPolicy: Never, containers: [{name: web, image: "registry.example/web:1"}]}
END
}

# clustercompanion NAME SPEC, companion NAME SPEC: the spec without pattern, as content of a flow mapping
clustercompanion() {
  printf 'apiVersion: podgraft.dev/v1alpha1\nkind: ClusterCompanion\nmetadata: {name: %s}\nspec: {pattern: Sidecar, %s}\n' "$1" "$2"
}

companion() {
  printf 'apiVersion: podgraft.dev/v1alpha1\nkind: Companion\nmetadata: {name: %s}\nspec: {pattern: Sidecar, %s}\n' "$1" "$2"
}

# upgrade [--set ...]: podgraft by its chart, with the chart's defaults and the value of the chapter; afterwards the test waits until
# the earlier replicas have ended
upgrade() {
  helm upgrade --install podgraft "$TREE/charts/podgraft" --namespace podgraft-system --reset-values --wait --timeout 3m --set image.repository=podgraft,webhooks.timeoutSeconds=8 "$@"
}

# install [--set ...]: the same; afterwards the test waits until API servers use it as well
install() { upgrade "$@"; }

# stop_podgraft: until `install`; waits until API servers know that there is no replica, and that the Service has no endpoints
stop_podgraft() {
  kubectl -n podgraft-system scale deployment podgraft --replicas=0
  kubectl -n podgraft-system wait pods -l app.kubernetes.io/name=podgraft --for=delete --timeout=3m
  until deployment stopped annotations='podgraft.dev/companions: tick' | dry_run | grep 'no replica of podgraft is ready'; do sleep 0.2; done
  until pod stopped annotations='podgraft.dev/companions: tick' | dry_run | grep -E 'no endpoints|did not answer'; do sleep 0.2; done
}

# dry_run: what an API server answers where a manifest is applied
dry_run() { kubectl apply --dry-run=server -f - 2>&1; }

# wait_for OBJECT... --for=...: waits until it is true, on a busy machine as well
wait_for() { kubectl wait --timeout=3m "$@"; }

# replicas: the network namespaces of podgraft's Pods, which the simulated node names after the last number of their addresses
replicas() {
  kubectl -n podgraft-system get endpointslices -l kubernetes.io/service-name=podgraft -o jsonpath='{range .items[*].endpoints[?(@.conditions.ready==true)]}{.addresses[0]}{"\n"}{end}' | sed -n 's/.*\./pod/p' | sort
}

# cut_off REPLICA, restore REPLICA: the replica cannot reach the API server, but the API server reaches the replica
cut_off() {
  ip -n "$1" rule add dport 6443 ipproto tcp prohibit
  ip netns exec "$1" ss --kill state established dport = 6443 || true
}

restore() { ip -n "$1" rule del dport 6443 ipproto tcp prohibit; }

# autoscaler NAME: of the Deployment of that name, by CPU
autoscaler() {
  cat <<END
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: $1}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: $1}
  minReplicas: 1
  maxReplicas: 3
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
END
}
