// Package monitoring turns samples into alerts, one organisation at a time.
package monitoring

import "fmt"

// Severity orders alerts for people.
type Severity string

// The severities.
const (
	Warning  Severity = "warning"
	Critical Severity = "critical"
)

// Sample is one measured value: which metric, of what subject.
type Sample struct {
	Subject string  `json:"subject"`
	Metric  string  `json:"metric"`
	Value   float64 `json:"value"`
}

// Rule fires at or above Above and clears below Below. The gap between them
// keeps a value that wavers around one limit from ringing all night.
type Rule struct {
	Name     string   `yaml:"name"`
	Metric   string   `yaml:"metric"`
	Above    float64  `yaml:"above"`
	Below    float64  `yaml:"below"`
	Severity Severity `yaml:"severity"`
}

// Validate refuses a rule that could never fire or never clear.
func (r Rule) Validate() error {
	switch {
	case r.Name == "" || r.Metric == "":
		return fmt.Errorf("rule %q: name and metric are required", r.Name)
	case r.Below > r.Above:
		return fmt.Errorf("rule %q: below (%v) is greater than above (%v)", r.Name, r.Below, r.Above)
	case r.Severity != Warning && r.Severity != Critical:
		return fmt.Errorf("rule %q: severity %q, want %s or %s", r.Name, r.Severity, Warning, Critical)
	}
	return nil
}

// DefaultRules are used when the configuration names none.
func DefaultRules() []Rule {
	return []Rule{
		{Name: "cpu-high", Metric: "cpu_percent", Above: 90, Below: 80, Severity: Critical},
		{Name: "memory-high", Metric: "memory_used_percent", Above: 95, Below: 90, Severity: Warning},
		{Name: "pool-unhealthy", Metric: MetricPoolUnhealthy, Above: 1, Below: 1, Severity: Critical},
		{Name: "pool-full", Metric: MetricPoolUsed, Above: 80, Below: 75, Severity: Warning},
		{Name: "source-unreachable", Metric: MetricUnreachable, Above: 1, Below: 1, Severity: Critical},
	}
}
