package monitoring

import "time"

// Evaluator applies rules. The clock and the source of IDs are handed in, so
// that what it decides depends on its arguments alone.
type Evaluator struct {
	Rules []Rule
	Now   func() time.Time
	NewID func() string
}

// Apply fires and clears the alerts of one organisation. A metric without a
// sample changes nothing: silence is no proof that things are well again.
func (e Evaluator) Apply(view View, samples []Sample) {
	view.write(func(s *shard) {
		for _, sample := range samples {
			for _, rule := range e.Rules {
				if rule.Metric == sample.Metric {
					e.step(s, rule, sample)
				}
			}
		}
	})
}

func (e Evaluator) step(s *shard, rule Rule, sample Sample) {
	key := alertKey{rule: rule.Name, subject: sample.Subject}
	alert, firing := s.alerts[key]
	switch {
	case firing && sample.Value < rule.Below:
		delete(s.alerts, key)
	case firing:
		alert.Value = sample.Value
		s.alerts[key] = alert
	case sample.Value >= rule.Above:
		s.alerts[key] = Alert{
			ID: e.NewID(), Rule: rule.Name, Subject: sample.Subject,
			Severity: rule.Severity, Value: sample.Value, Since: e.Now().UTC(),
		}
	}
}
