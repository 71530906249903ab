//! The quotas, LimitRanges and autoscalers that the companions of a workload break, as the preview of the workload reports them,
//! with a simulated API server.

use std::time::Duration;

use podgraft::internals::admission::{self, Applied};
use podgraft::internals::lookup::{Callers, LookupTime, NOT_LOOKED_UP, NamespaceLookup};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::time::Instant;

use crate::server::HANGS;
use crate::support::api_server::ApiServer;
use crate::support::{Reply, review_of, snapshot};
use crate::surveys::{client, deployment, namespace};

/// A companion with these resources, which is injected as a native sidecar, or as a container.
fn note(resources: &Value, lifecycle: &str) -> Value {
    let container = json!({"name": "note", "image": "registry.example/note:v1", "resources": resources});
    json!({
        "apiVersion": "podgraft.dev/v1alpha1", "kind": "ClusterCompanion", "metadata": {"name": "note"},
        "spec": {"pattern": "Sidecar", "lifecycle": lifecycle, "containers": [container]},
    })
}

/// A Deployment whose app has these resources, and requests the companion.
fn web(resources: &Value) -> Value {
    let mut web = deployment("shop", "web", 80, "note");
    web["spec"]["template"]["spec"]["containers"][0]["resources"] = resources.clone();
    web
}

fn object(version: &str, kind: &str, spec: &Value) -> Value {
    json!({"apiVersion": version, "kind": kind, "metadata": {"name": "team", "namespace": "shop"}, "spec": spec})
}

fn quota(hard: &Value, used: &Value) -> Value {
    let mut quota = object("v1", "ResourceQuota", &json!({"hard": hard}));
    quota["status"] = json!({"hard": hard, "used": used});
    quota
}

fn limit_range(limits: &Value) -> Value {
    object("v1", "LimitRange", &json!({"limits": [limits]}))
}

fn autoscaler(metric: &str, target: &str) -> Value {
    let metrics =
        json!([{"type": metric, "resource": {"name": "cpu", "target": {"type": target, "averageUtilization": 80}}}]);
    let scaled = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
    object("autoscaling/v2", "HorizontalPodAutoscaler", &json!({"scaleTargetRef": scaled, "metrics": metrics}))
}

/// The warnings of the preview of a Deployment in a namespace with these objects.
fn warnings(companion: &Value, web: &Value, objects: Vec<Value>, forbidden: &[&str]) -> Vec<String> {
    let runtime = Runtime::new().unwrap();
    let server = ApiServer::start(objects, forbidden);
    let lookup = runtime.block_on(async { NamespaceLookup::new(client(&server), Callers::Authenticated) });
    previewed(companion, web, (&runtime, &lookup), Instant::now())
}

/// The warnings of a preview that began at a time.
fn previewed(companion: &Value, web: &Value, by: (&Runtime, &NamespaceLookup), began: Instant) -> Vec<String> {
    let (runtime, lookup) = by;
    let mut review = review_of(web, "shop");
    review["request"]["kind"] = json!({"group": "apps", "version": "v1", "kind": "Deployment"});
    review["request"]["name"] = "web".into();
    let snapshot = snapshot([companion, &namespace("shop")]);
    let time = LookupTime { began, deadline: Instant::now() + HANGS };
    let advise = |applied: &Applied<'_>| match applied {
        Applied::Workload(workload) => runtime.block_on(lookup.warnings(workload, time)),
        Applied::Companion { .. } => Vec::new(),
    };
    Reply::read(&admission::preview(review.to_string().as_bytes(), &snapshot, advise, |_| {})).warnings
}

#[track_caller]
fn expect(companion: &Value, app: &Value, objects: Vec<Value>, parts: &[&str]) {
    let found = warnings(companion, &web(app), objects, &[]);
    assert_eq!(found.len(), parts.len(), "{found:#?}");
    for (found, part) in found.iter().zip(parts) {
        assert!(found.contains(part), "{found}\nexpected: {part}");
    }
}

fn amounts(requests: &str, limits: &str) -> Value {
    let read = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
    json!({"requests": read(requests), "limits": read(limits)})
}

#[test]
fn a_quota_that_requires_limits_denies_an_injected_container_without_them() {
    let hard = json!({"limits.memory": "1Gi", "pods": "10", "requests.storage": "1Gi"});
    let limited = amounts("{}", r#"{"memory": "64Mi"}"#);
    let none = note(&json!({}), "Native");
    let expected = "podgraft: Pods of this Deployment will be denied: ResourceQuota team requires limits.memory of every \
                    container, and the injected container note has none; ask the author of companion note to set limits.memory \
                    of container note, or set default.memory in a LimitRange";
    expect(&none, &limited, vec![quota(&hard, &json!({}))], &[expected]);
    let default = limit_range(&json!({"type": "Container", "default": {"memory": "32Mi"}}));
    expect(&none, &limited, vec![quota(&hard, &json!({})), default], &[]);
    expect(&note(&limited, "Native"), &limited, vec![quota(&hard, &json!({}))], &[]);
    let mut scoped = quota(&hard, &json!({}));
    scoped["spec"]["scopes"] = json!(["Terminating"]);
    expect(&none, &limited, vec![scoped], &[]);
    let mut with_own = web(&limited);
    with_own["spec"]["template"]["spec"]["resources"] = json!({"limits": {"memory": "128Mi"}});
    assert_eq!(warnings(&none, &with_own, vec![quota(&hard, &json!({}))], &[]), [""; 0], "resources of the Pod count");
}

#[test]
fn a_quota_that_the_pods_exceed_only_with_the_injected_containers_is_reported() {
    let of = |memory: &str| amounts("{}", &json!({"memory": memory}).to_string());
    let hard = json!({"limits.memory": "256Mi"});
    let exceeded = "ResourceQuota team allows 256Mi for limits.memory, and with the injected containers one Pod has 320Mi; ask the author of \
         companion note to set limits.memory of container note to less, or raise limits.memory of the ResourceQuota";
    for lifecycle in ["Native", "Container"] {
        expect(&note(&of("128Mi"), lifecycle), &of("192Mi"), vec![quota(&hard, &json!({}))], &[exceeded]);
    }
    expect(&note(&of("32Mi"), "Native"), &of("192Mi"), vec![quota(&hard, &json!({}))], &[]);
    expect(&note(&of("32Mi"), "Native"), &of("512Mi"), vec![quota(&hard, &json!({}))], &[]);
    let used = json!({"limits.memory": "48Mi"});
    let in_use = "podgraft: Pods of this Deployment may be denied: ResourceQuota team allows 256Mi for limits.memory, of which 48Mi are in use, and with the injected containers another Pod has 224Mi";
    expect(&note(&of("32Mi"), "Native"), &of("192Mi"), vec![quota(&hard, &used)], &[in_use]);
    let requests = amounts(r#"{"cpu": "900m"}"#, "{}");
    let by_request = "allows 1 for requests.cpu, and with the injected containers one Pod has 1800m";
    expect(&note(&requests, "Native"), &requests, vec![quota(&json!({"cpu": "1"}), &json!({}))], &[by_request]);
}

#[test]
fn a_limit_range_that_an_injected_container_breaks_is_reported() {
    let of = |memory: &str| amounts("{}", &json!({"memory": memory}).to_string());
    let most = limit_range(&json!({"type": "Container", "max": {"memory": "128Mi"}, "default": {"memory": "128Mi"}}));
    let too_much = "Pods of this Deployment will be denied: LimitRange team allows a container at most 128Mi memory, and the \
                    injected container note has a limit of 256Mi memory; ask the author of companion note to set limits.memory of \
                    container note to at most 128Mi, or raise max.memory of the LimitRange";
    expect(&note(&of("256Mi"), "Native"), &of("64Mi"), vec![most.clone()], &[too_much]);
    expect(&note(&of("128Mi"), "Native"), &of("512Mi"), vec![most.clone()], &[]);
    expect(&note(&json!({}), "Native"), &json!({}), vec![most], &[]);
    let least = limit_range(&json!({"type": "Container", "min": {"cpu": "50m"}}));
    let too_little =
        "requires a container to request at least 50m cpu, and the injected container note requests 10m cpu";
    expect(&note(&amounts(r#"{"cpu": "10m"}"#, "{}"), "Native"), &json!({}), vec![least.clone()], &[too_little]);
    let nothing = "and the injected container note requests no cpu";
    expect(&note(&json!({}), "Native"), &json!({}), vec![least], &[nothing]);
    let pod = limit_range(&json!({"type": "Pod", "max": {"memory": "256Mi"}}));
    let of_pod =
        "LimitRange team allows a Pod at most 256Mi memory, and with the injected containers it has a limit of 320Mi";
    expect(&note(&of("128Mi"), "Native"), &of("192Mi"), vec![pod.clone()], &[of_pod]);
    expect(&note(&of("128Mi"), "Native"), &of("512Mi"), vec![pod], &[]);
}

#[test]
fn an_autoscaler_by_utilization_that_the_injected_containers_break_is_reported() {
    let of = |cpu: &str| amounts(&json!({"cpu": cpu}).to_string(), "{}");
    let by_use = || vec![autoscaler("Resource", "Utilization")];
    let stops = "podgraft: HorizontalPodAutoscaler team will stop scaling: it compares the use of cpu with the requests of all \
                 containers, and the injected container note requests none; ask the author of companion note to set requests.cpu of \
                 container note, or use a ContainerResource metric";
    expect(&note(&json!({}), "Native"), &of("10m"), by_use(), &[stops]);
    expect(&note(&json!({}), "Native"), &json!({}), by_use(), &[]);
    let diluted = "will compare the use of cpu with 21m instead of 10m, because the injected containers count as well";
    expect(&note(&of("11m"), "Container"), &of("10m"), by_use(), &[diluted]);
    expect(&note(&of("1m"), "Native"), &of("10m"), by_use(), &[]);
    expect(&note(&json!({}), "Native"), &of("10m"), vec![autoscaler("Resource", "AverageValue")], &[]);
    let mut other = autoscaler("Resource", "Utilization");
    other["spec"]["scaleTargetRef"]["name"] = "api".into();
    expect(&note(&json!({}), "Native"), &of("10m"), vec![other], &[]);
}

#[test]
fn objects_that_cannot_be_listed_are_reported_only_where_a_companion_is_injected() {
    let of_web = |companion: &str| {
        let mut web = web(&json!({}));
        web["spec"]["template"]["metadata"]["annotations"]["podgraft.dev/companions"] = companion.into();
        warnings(&note(&json!({}), "Native"), &web, Vec::new(), &["list limitranges"])
    };
    let found = of_web("note");
    let unread =
        "podgraft: not everything of namespace shop was checked: LimitRanges: the API server answered with status 403";
    assert_eq!(found, [unread]);
    assert!(
        of_web("nothing")[0].contains("will be denied: companion nothing"),
        "a denied Pod is not looked at further"
    );
    assert_eq!(of_web("nothing").len(), 1);
}

#[test]
fn what_can_be_listed_is_checked_even_if_something_else_cannot() {
    let limited = amounts("{}", r#"{"memory": "192Mi"}"#);
    let objects = || vec![quota(&json!({"limits.memory": "256Mi", "limits.cpu": "1"}), &json!({}))];
    let found = |forbidden: &[&str]| warnings(&note(&limited, "Native"), &web(&limited), objects(), forbidden);
    let exceeded =
        "podgraft: Pods of this Deployment will be denied: ResourceQuota team allows 256Mi for limits.memory";
    let unnamed =
        "podgraft: Pods of this Deployment will be denied: ResourceQuota team requires limits.cpu of every container";
    let all = found(&[]);
    assert!(all.len() == 2 && all[0].starts_with(unnamed) && all[1].starts_with(exceeded), "{all:#?}");
    let unread = "podgraft: not everything of namespace shop was checked: LimitRanges: the API server answered with status 403; \
                  HorizontalPodAutoscalers: the API server answered with status 403";
    let some = found(&["list limitranges", "list horizontalpodautoscalers"]);
    assert!(some.len() == 2 && some[0] == unread && some[1].starts_with(exceeded), "{some:#?}");
}

#[test]
fn objects_beyond_the_first_ones_and_very_long_lists_are_reported_as_not_checked() {
    let none = note(&json!({}), "Native");
    let checked = |objects: Vec<Value>| warnings(&none, &web(&json!({})), objects, &[]);
    let harmless = quota(&json!({"limits.memory": "1Gi"}), &json!({}));
    let quotas = |count| vec![quota(&json!({"pods": "10"}), &json!({})); count];
    assert_eq!(checked(quotas(64)), [""; 0]);
    let first = "podgraft: not everything of namespace shop was checked: ResourceQuotas: only the first 64 were read";
    assert_eq!(checked([quotas(64), vec![harmless]].concat()), [first]);
    let many: serde_json::Map<_, _> = (0..65).map(|i| (format!("example.com/r{i}"), "1".into())).collect();
    let long = limit_range(&json!({"type": "Container", "max": many}));
    let unchecked = "podgraft: not everything of namespace shop was checked: LimitRanges: team has more than 64 resources in a list";
    assert_eq!(checked(vec![long.clone()]), [unchecked]);
    assert_eq!(checked(vec![long.clone(), long]), [format!("{unchecked}, and 1 more")]);
}

#[test]
fn a_parameter_of_the_companion_is_named_where_it_sets_the_amount() {
    let mut companion = note(&amounts("{}", r#"{"memory": "256Mi"}"#), "Native");
    let memory = json!({"name": "memory", "type": "Quantity", "resource": "note/limits.memory"});
    companion["spec"]["parameters"] = json!([memory]);
    let most = limit_range(&json!({"type": "Container", "max": {"memory": "128Mi"}}));
    let annotation =
        "; set annotation podgraft.dev/note.memory of the Pod template to at most 128Mi, or raise max.memory";
    expect(&companion, &json!({}), vec![most.clone()], &[annotation]);
    companion["spec"]["parameters"][0]["minimum"] = "192Mi".into();
    let author = "; ask the author of companion note to set limits.memory of container note to at most 128Mi, or raise max.memory";
    expect(&companion, &json!({}), vec![most], &[author]);
    let hard = json!({"requests.memory": "128Mi"});
    let of_request = "; set annotation podgraft.dev/note.memory of the Pod template to less, or raise requests.memory";
    expect(&companion, &amounts("{}", r#"{"memory": "64Mi"}"#), vec![quota(&hard, &json!({}))], &[of_request]);
}

#[test]
fn a_parameter_is_not_named_alone_where_another_amount_is_out_of_bounds_as_well() {
    let mut companion = note(&amounts(r#"{"cpu": "200m"}"#, r#"{"cpu": "500m"}"#), "Native");
    let parameter = |name: &str, resource: &str| json!({"name": name, "type": "Quantity", "resource": resource});
    let most = || vec![limit_range(&json!({"type": "Container", "max": {"cpu": "100m"}}))];
    companion["spec"]["parameters"] = json!([parameter("most", "note/limits.cpu")]);
    let one = "; set annotation podgraft.dev/note.most of the Pod template to at most 100m, and ask the author of companion note to set \
               requests.cpu of container note to at most 100m, or raise max.cpu";
    expect(&companion, &json!({}), most(), &[one]);
    companion["spec"]["parameters"] =
        json!([parameter("most", "note/limits.cpu"), parameter("least", "note/requests.cpu")]);
    let two =
        "; set annotations podgraft.dev/note.least and podgraft.dev/note.most of the Pod template to at most 100m, or";
    expect(&companion, &json!({}), most(), &[two]);
}

#[test]
fn a_pod_that_is_not_examined_is_reported() {
    let mut web = web(&json!({}));
    let own = web["spec"]["template"]["spec"]["containers"][0].clone();
    let numbered = |i| {
        let mut container = own.clone();
        (container["name"], container["ports"]) = (format!("c{i}").into(), json!([]));
        container
    };
    let unchecked = "podgraft: ResourceQuotas, LimitRanges and HorizontalPodAutoscalers were not checked: ";
    let found = |web: &Value| warnings(&note(&json!({}), "Native"), web, Vec::new(), &[]);
    web["spec"]["template"]["spec"]["containers"] = (0..257).map(numbered).collect();
    assert_eq!(found(&web), [format!("{unchecked}the Pod has more than 256 containers")]);
    web["spec"]["template"]["spec"]["containers"] = (0..256).map(numbered).collect();
    assert_eq!(found(&web), [""; 0]);
    web["spec"]["template"]["spec"]["containers"][0]["resources"] = json!({"limits": 5});
    let unreadable = "the resources of a container cannot be read, or are more than 64";
    assert_eq!(found(&web), [format!("{unchecked}{unreadable}")]);
}

#[test]
fn callers_that_are_not_authenticated_get_twenty_lookups_in_a_second() {
    let (runtime, server) = (Runtime::new().unwrap(), ApiServer::start(Vec::new(), &["list limitranges"]));
    let (note, web) = (note(&json!({}), "Native"), web(&json!({})));
    let (start, second) = (Instant::now(), Duration::from_secs(1));
    for (callers, expected) in [(Callers::Unauthenticated, [20, 5, 20]), (Callers::Authenticated, [25, 5, 25])] {
        let lookup = runtime.block_on(async { NamespaceLookup::new(client(&server), callers) });
        let looked_up = |count: usize, began: Instant| {
            let found = (0..count).map(|_| previewed(&note, &web, (&runtime, &lookup.clone()), began));
            found.filter(|found| found.len() == 1 && found[0] != NOT_LOOKED_UP).count()
        };
        let all = [looked_up(25, start), looked_up(5, start + second), looked_up(25, start + second * 2)];
        assert_eq!(all, expected, "{callers:?}");
    }
}
