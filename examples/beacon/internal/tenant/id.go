// Package tenant owns the directories in which organisations keep their data.
package tenant

import (
	"fmt"
	"regexp"
)

// The name becomes a directory, a part of a URL and a part of a token, so it
// is narrow enough to be safe in all three without escaping.
var namePattern = regexp.MustCompile(`^[a-z][a-z0-9-]{1,30}[a-z0-9]$`)

// ID names an organisation. Its field is private: a value that did not go
// through [ParseID] can only be the zero ID, which names nobody.
type ID struct{ name string }

// ParseID accepts 3 to 32 lower-case letters, digits and inner hyphens.
func ParseID(name string) (ID, error) {
	if !namePattern.MatchString(name) {
		return ID{}, fmt.Errorf("organisation name %.40q: want 3 to 32 of a-z, 0-9 and inner hyphens, a letter first", name)
	}
	return ID{name: name}, nil
}

// String returns the name as it appears in URLs and on disk.
func (id ID) String() string { return id.name }

// MarshalText lets an ID stand in JSON and YAML as its name.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.name), nil }

// UnmarshalText parses, so that a decoded ID is as valid as any other.
func (id *ID) UnmarshalText(text []byte) error {
	parsed, err := ParseID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}
