package tenant

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/goccy/go-yaml"
)

// profileName is written last and by a rename: its presence is what makes an
// organisation exist. A directory without it is a signup that never finished.
const profileName = "profile.yaml"

// ErrExists reports that the name is taken, be it by a finished organisation
// or by a signup that is still running.
var ErrExists = errors.New("organisation exists already")

// Profile is what an organisation says about itself.
type Profile struct {
	Org     ID     `yaml:"org"`
	Contact string `yaml:"contact"`
}

// Store keeps one directory per organisation below a root. All access goes
// through [os.Root], so that neither a name nor a symbolic link leads out.
type Store struct{ root *os.Root }

// OpenStore opens (and makes) the root and sweeps what a crash in the middle
// of a signup left behind. It must run before the server takes requests.
func OpenStore(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open data directory: %w", err)
	}
	store := &Store{root: root}
	if err := store.sweep(); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return store, nil
}

// Close gives up the root. Files that were opened through it stay open.
func (s *Store) Close() error { return s.root.Close() }

// Create initialises the directory. Mkdir is the lock: of two signups for one
// name exactly one gets past this line.
func (s *Store) Create(id ID) error {
	err := s.root.Mkdir(id.String(), 0o700)
	if errors.Is(err, fs.ErrExist) {
		return ErrExists
	}
	if err != nil {
		return fmt.Errorf("make organisation directory: %w", err)
	}
	return nil
}

// Activate writes the profile, which is the last step of a signup.
func (s *Store) Activate(profile Profile) error {
	text, err := yaml.Marshal(profile)
	if err != nil {
		return fmt.Errorf("encode profile: %w", err)
	}
	final := profile.Org.String() + "/" + profileName
	draft := final + ".draft"
	if err := s.root.WriteFile(draft, text, 0o600); err != nil {
		return fmt.Errorf("write profile: %w", err)
	}
	if err := s.root.Rename(draft, final); err != nil {
		return fmt.Errorf("activate profile: %w", err)
	}
	return nil
}

// Active reports whether the organisation finished its signup.
func (s *Store) Active(id ID) bool {
	info, err := s.root.Stat(id.String() + "/" + profileName)
	return err == nil && info.Mode().IsRegular()
}

// OpenFile opens a file of one organisation, with the meaning of flag as in
// [os.OpenFile].
func (s *Store) OpenFile(id ID, name string, flag int) (*os.File, error) {
	return s.root.OpenFile(id.String()+"/"+name, flag, 0o600)
}

// Remove deletes the organisation's directory; a missing one is no error.
func (s *Store) Remove(id ID) error {
	if id == (ID{}) {
		// The zero ID would name the root itself.
		return errors.New("remove organisation: no name")
	}
	if err := s.root.RemoveAll(id.String()); err != nil {
		return fmt.Errorf("remove organisation directory: %w", err)
	}
	return nil
}

// List returns the active organisations in the order of their names.
func (s *Store) List() ([]ID, error) {
	var ids []ID
	err := s.each(func(id ID) error {
		if s.Active(id) {
			ids = append(ids, id)
		}
		return nil
	})
	return ids, err
}

func (s *Store) sweep() error {
	return s.each(func(id ID) error {
		if s.Active(id) {
			return nil
		}
		return s.Remove(id)
	})
}

// each skips entries that no signup can have made: an operator's own files
// in the data directory are none of our business.
func (s *Store) each(visit func(ID) error) error {
	entries, err := fs.ReadDir(s.root.FS(), ".")
	if err != nil {
		return fmt.Errorf("list organisations: %w", err)
	}
	for _, entry := range entries {
		id, err := ParseID(entry.Name())
		if err != nil || !entry.IsDir() {
			continue
		}
		if err := visit(id); err != nil {
			return err
		}
	}
	return nil
}
