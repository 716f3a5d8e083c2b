// Package config reads the server's YAML file.
package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"example.com/beacon/internal/monitoring"
	"example.com/beacon/internal/tenant"
)

// Config is the file's shape; flags of the server may override its paths.
type Config struct {
	Listen   string            `yaml:"listen"`
	DataDir  string            `yaml:"data_dir"`
	AgentDir string            `yaml:"agent_dir"`
	Rules    []monitoring.Rule `yaml:"rules"`
	TrueNAS  []TrueNAS         `yaml:"truenas"`
}

// TrueNAS is an appliance that is polled for one organisation. The key stands
// in a file of its own, so that this one can be shown around.
type TrueNAS struct {
	Org        tenant.ID     `yaml:"org"`
	Name       string        `yaml:"name"`
	URL        string        `yaml:"url"`
	APIKeyFile string        `yaml:"api_key_file"`
	Interval   time.Duration `yaml:"interval"`
}

// Default is what an empty file means.
func Default() Config {
	return Config{
		Listen:   "127.0.0.1:8080",
		DataDir:  "data",
		AgentDir: "agents",
		Rules:    monitoring.DefaultRules(),
	}
}

// Load reads the file over the defaults.
func Load(path string) (Config, error) {
	file, err := os.Open(path)
	if err != nil {
		return Config{}, err
	}
	defer func() { _ = file.Close() }()
	config, err := Parse(file)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return config, nil
}

// Parse is strict: a misspelt key is an error and not a silent default.
func Parse(r io.Reader) (Config, error) {
	config := Default()
	err := yaml.NewDecoder(r, yaml.Strict()).Decode(&config)
	if errors.Is(err, io.EOF) {
		// An empty document: the decoder has blanked config by now.
		return Default(), nil
	}
	if err != nil {
		return Config{}, err
	}
	return config, config.validate()
}

func (c Config) validate() error {
	names := map[string]bool{}
	for _, rule := range c.Rules {
		if err := rule.Validate(); err != nil {
			return err
		}
		if names[rule.Name] {
			return fmt.Errorf("rule %q is there twice", rule.Name)
		}
		names[rule.Name] = true
	}
	for _, source := range c.TrueNAS {
		switch {
		case source.Org == tenant.ID{}, source.Name == "", source.APIKeyFile == "":
			return fmt.Errorf("truenas %q: org, name and api_key_file are required", source.Name)
		case !strings.HasPrefix(source.URL, "https://"):
			// The request carries an API key.
			return fmt.Errorf("truenas %q: url must start with https://", source.Name)
		case source.Interval < time.Second:
			return fmt.Errorf("truenas %q: interval must be 1s or more", source.Name)
		}
	}
	return nil
}
