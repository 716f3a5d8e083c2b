package monitoring

import (
	"fmt"
	"sync"
	"testing"
)

func TestTenantSeesOnlyItsOwn(t *testing.T) {
	store, evaluator := NewStore(), newEvaluator()
	acme, globex := store.For(id(t, "acme")), store.For(id(t, "globex"))
	evaluator.Apply(acme, cpu("web-1", 95))
	acme.Seen(Agent{Name: "web-1"})

	if n := len(globex.Alerts()) + len(globex.Agents()); n != 0 {
		t.Errorf("globex sees %d things of acme", n)
	}
	if n := store.Firing(); n != 1 {
		t.Errorf("Firing: got %d, want 1", n)
	}
}

// Both organisations have a machine of the same name, which is where a store
// that is keyed by subject alone goes wrong.
func TestIsolationOfEqualSubjects(t *testing.T) {
	store, evaluator := NewStore(), newEvaluator()
	acme, globex := store.For(id(t, "acme")), store.For(id(t, "globex"))
	evaluator.Apply(acme, cpu("web-1", 95))
	evaluator.Apply(globex, cpu("web-1", 97))
	evaluator.Apply(globex, cpu("web-1", 5))

	if n := len(acme.Alerts()); n != 1 {
		t.Errorf("globex cleared an alert of acme: %d left", n)
	}
	if n := len(globex.Alerts()); n != 0 {
		t.Errorf("globex has %d alerts, want none", n)
	}
}

func TestIsolationOfDismiss(t *testing.T) {
	store, evaluator := NewStore(), newEvaluator()
	acme, globex := store.For(id(t, "acme")), store.For(id(t, "globex"))
	evaluator.Apply(acme, cpu("web-1", 95))
	alert := acme.Alerts()[0]

	if globex.Dismiss(alert.ID) {
		t.Error("globex dismissed an alert of acme by its ID")
	}
	if !acme.Dismiss(alert.ID) || len(acme.Alerts()) != 0 {
		t.Error("acme could not dismiss its own alert")
	}
}

func TestIsolationHoldsUnderConcurrency(t *testing.T) {
	store := NewStore()
	var writers sync.WaitGroup
	for tenantNumber := range 8 {
		view := store.For(id(t, fmt.Sprintf("org-%d", tenantNumber)))
		evaluator := newEvaluator()
		writers.Go(func() {
			for machine := range 20 {
				evaluator.Apply(view, cpu(fmt.Sprintf("m-%d-%d", tenantNumber, machine), 95))
			}
		})
	}
	writers.Wait()
	for tenantNumber := range 8 {
		alerts := store.For(id(t, fmt.Sprintf("org-%d", tenantNumber))).Alerts()
		if len(alerts) != 20 {
			t.Fatalf("org-%d: got %d alerts, want 20", tenantNumber, len(alerts))
		}
		prefix := fmt.Sprintf("m-%d-", tenantNumber)
		for _, alert := range alerts {
			if alert.Subject[:len(prefix)] != prefix {
				t.Errorf("org-%d holds %s", tenantNumber, alert.Subject)
			}
		}
	}
}
