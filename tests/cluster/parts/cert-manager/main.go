// Command cert-manager runs what a self-signed authority needs of cert-manager, and its CA injector. cert-manager's own
// programs are modules that no proxy has; all their packages are here.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"
	"syscall"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"github.com/cert-manager/cert-manager/pkg/controller"
	"github.com/cert-manager/cert-manager/pkg/controller/cainjector"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/approver"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/ca"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/selfsigned"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/issuing"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/keymanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/readiness"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/requestmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/revisionmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/trigger"
	_ "github.com/cert-manager/cert-manager/pkg/controller/issuers"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/ca"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/selfsigned"
	feature "github.com/cert-manager/cert-manager/pkg/util/feature"
	corev1 "k8s.io/api/core/v1"
	apiext "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	apireg "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// What the CA injector looks at.
var injected = map[string]bool{
	cainjector.MutatingWebhookConfigurationName:   true,
	cainjector.ValidatingWebhookConfigurationName: true,
}

func main() {
	kubeconfig := os.Getenv("KUBECONFIG")
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	flag.Parse()
	ctrl.SetLogger(klog.Background())
	ctx = klog.NewContext(ctx, klog.Background())
	// Older versions cannot keep the authority before in a caBundle; what holds without that holds with it.
	must(feature.DefaultMutableFeatureGate.Set("CAInjectorMerging=false"))
	go issue(ctx, kubeconfig)
	inject(ctx, kubeconfig)
}

// issue runs each controller that registered itself.
func issue(ctx context.Context, kubeconfig string) {
	options := controller.ContextOptions{Kubeconfig: kubeconfig, KubernetesAPIQPS: 100, KubernetesAPIBurst: 200}
	options.ClusterResourceNamespace = "cert-manager"
	factory, err := controller.NewContextFactory(ctx, options)
	must(err)
	root, err := factory.Build()
	must(err)
	for name, construct := range controller.Known() {
		made, err := construct(factory)
		must(err)
		go func() { log.Println(name, made.Run(2, ctx)) }()
	}
	root.SharedInformerFactory.Start(ctx.Done())
	root.KubeSharedInformerFactory.Start(ctx.Done())
	root.HTTP01ResourceMetadataInformersFactory.Start(ctx.Done())
}

// inject fills caBundle until the context ends.
func inject(ctx context.Context, kubeconfig string) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	must(err)
	config.UserAgent = "cainjector"
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		kscheme.AddToScheme, cmapi.AddToScheme, apiext.AddToScheme, apireg.AddToScheme,
	} {
		must(add(scheme))
	}
	uncached := client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}}}}
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:  scheme,
		Client:  uncached,
		Metrics: server.Options{BindAddress: "0"},
	})
	must(err)
	setup := cainjector.SetupOptions{EnableCertificatesDataSource: true, EnabledReconcilersFor: injected}
	must(cainjector.RegisterAllInjectors(ctx, manager, setup))
	must(manager.Start(ctx))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
