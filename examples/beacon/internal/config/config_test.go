package config

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestEmptyFileMeansTheDefaults(t *testing.T) {
	for _, text := range []string{"", "\n", "# nothing yet\n", "---\n"} {
		config, err := Parse(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(config, Default()) {
			t.Errorf("%q: got %+v", text, config)
		}
	}
}

func TestFullFile(t *testing.T) {
	config, err := Parse(strings.NewReader(`
listen: 127.0.0.1:0
rules:
  - {name: hot, metric: celsius, above: 80, below: 70, severity: critical}
truenas:
  - {org: acme, name: nas, url: "https://nas.acme.test", api_key_file: nas.key, interval: 30s}
`))
	if err != nil {
		t.Fatal(err)
	}
	if config.DataDir != Default().DataDir {
		t.Errorf("a key that is not in the file lost its default: %+v", config)
	}
	if config.Listen != "127.0.0.1:0" || len(config.Rules) != 1 || config.Rules[0].Above != 80 {
		t.Errorf("got %+v", config)
	}
	if source := config.TrueNAS[0]; source.Org.String() != "acme" || source.Interval != 30*time.Second {
		t.Errorf("got %+v", source)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		"listne: x": "unknown field",
		"rules: [{name: a, metric: m, above: 1, below: 2, severity: warning}]":                      "greater than above",
		"rules: [{name: a, metric: m, severity: loud}]":                                             "severity",
		"rules: [{name: a, metric: m, severity: warning}, {name: a, metric: m, severity: warning}]": "twice",
		"truenas: [{name: nas}]": "required",
		`truenas: [{org: acme, name: nas, api_key_file: k, interval: 30s, url: "http://nas"}]`:  "https",
		`truenas: [{org: acme, name: nas, api_key_file: k, interval: 1ms, url: "https://nas"}]`: "interval",
		`truenas: [{org: "../x", name: nas}]`:                                                   "organisation name",
	} {
		if _, err := Parse(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", text, err, want)
		}
	}
}

// The example is documentation, and documentation that nothing reads goes
// stale.
func TestExampleFileIsTheDefaults(t *testing.T) {
	config, err := Load("../../beacon.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(config.TrueNAS) != 1 {
		t.Errorf("got %d sources", len(config.TrueNAS))
	}
	config.TrueNAS = nil
	if !reflect.DeepEqual(config, Default()) {
		t.Errorf("got  %+v\nwant %+v", config, Default())
	}
}
