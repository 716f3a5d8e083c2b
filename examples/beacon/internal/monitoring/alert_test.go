package monitoring

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"example.com/beacon/internal/tenant"
)

var noon = time.Date(2026, 2, 9, 12, 0, 0, 0, time.UTC)

func id(t *testing.T, name string) tenant.ID {
	t.Helper()
	id, err := tenant.ParseID(name)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// newEvaluator counts IDs and stands still at noon.
func newEvaluator() Evaluator {
	n := 0
	return Evaluator{
		Rules: DefaultRules(),
		Now:   func() time.Time { return noon },
		NewID: func() string { n++; return fmt.Sprintf("alert-%d", n) },
	}
}

func cpu(subject string, value float64) []Sample {
	return []Sample{{Subject: subject, Metric: "cpu_percent", Value: value}}
}

func TestAlertFiresAndClearsWithHysteresis(t *testing.T) {
	evaluator, view := newEvaluator(), NewStore().For(id(t, "acme"))
	steps := []struct {
		value  float64
		firing bool
	}{{89.9, false}, {90, true}, {85, true}, {80, true}, {79.9, false}, {85, false}}
	for _, step := range steps {
		evaluator.Apply(view, cpu("web-1", step.value))
		if got := len(view.Alerts()) == 1; got != step.firing {
			t.Errorf("at %v: firing = %v, want %v", step.value, got, step.firing)
		}
	}
}

func TestAlertKeepsItsIdentityWhileItFires(t *testing.T) {
	evaluator, view := newEvaluator(), NewStore().For(id(t, "acme"))
	evaluator.Apply(view, cpu("web-1", 95))
	evaluator.Apply(view, cpu("web-1", 99))
	want := []Alert{{ID: "alert-1", Rule: "cpu-high", Subject: "web-1", Severity: Critical, Value: 99, Since: noon}}
	if got := view.Alerts(); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestAlertSurvivesSilence(t *testing.T) {
	evaluator, view := newEvaluator(), NewStore().For(id(t, "acme"))
	evaluator.Apply(view, cpu("web-1", 95))
	evaluator.Apply(view, nil)
	evaluator.Apply(view, cpu("web-2", 1))
	if n := len(view.Alerts()); n != 1 {
		t.Errorf("got %d alerts, want the one that nothing cleared", n)
	}
}

func TestAlertListsAreSorted(t *testing.T) {
	evaluator, view := newEvaluator(), NewStore().For(id(t, "acme"))
	for _, subject := range []string{"c", "a", "b"} {
		evaluator.Apply(view, cpu(subject, 95))
	}
	var subjects []string
	for _, alert := range view.Alerts() {
		subjects = append(subjects, alert.Subject)
	}
	if !slices.Equal(subjects, []string{"a", "b", "c"}) {
		t.Errorf("got %v", subjects)
	}
}

func TestAlertRulesAreValidated(t *testing.T) {
	for _, rule := range DefaultRules() {
		if err := rule.Validate(); err != nil {
			t.Errorf("default rule: %v", err)
		}
	}
	for name, rule := range map[string]Rule{
		"no metric":    {Name: "x", Severity: Warning},
		"never clears": {Name: "x", Metric: "m", Above: 1, Below: 2, Severity: Warning},
		"bad severity": {Name: "x", Metric: "m", Above: 1, Severity: "panic"},
	} {
		if rule.Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
