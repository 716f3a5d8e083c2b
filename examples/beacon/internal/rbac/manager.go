package rbac

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"example.com/beacon/internal/tenant"
)

// FileName is the access list's name in an organisation's directory.
const FileName = "rbac.jsonl"

// Opener opens an organisation's access list with the flags of [os.OpenFile].
type Opener func(id tenant.ID, flag int) (File, error)

// Manager keeps one open [DB] per organisation, so that a request does not
// pay for replaying the file.
type Manager struct {
	open Opener

	mu    sync.Mutex
	cache map[tenant.ID]*DB
}

// NewManager returns a manager with nothing open.
func NewManager(open Opener) *Manager {
	return &Manager{open: open, cache: map[tenant.ID]*DB{}}
}

// StoreOpener opens access lists in the directories of a tenant store.
func StoreOpener(store *tenant.Store) Opener {
	return func(id tenant.ID, flag int) (File, error) {
		file, err := store.OpenFile(id, FileName, flag)
		if err != nil {
			// A nil *os.File in a File would be a non-nil interface.
			return nil, err
		}
		return file, nil
	}
}

// Create makes the access list of a new organisation. A list that is already
// there is an error: it would hand its members to a stranger.
func (m *Manager) Create(id tenant.ID) (*DB, error) {
	return m.get(id, os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_EXCL)
}

// Open returns the access list of an organisation that has one.
func (m *Manager) Open(id tenant.ID) (*DB, error) {
	return m.get(id, os.O_RDWR|os.O_APPEND)
}

func (m *Manager) get(id tenant.ID, flag int) (*DB, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if db, cached := m.cache[id]; cached {
		if flag&os.O_EXCL != 0 {
			return nil, fmt.Errorf("access list of %s is open already", id)
		}
		return db, nil
	}
	file, err := m.open(id, flag)
	if err != nil {
		return nil, fmt.Errorf("open access list: %w", err)
	}
	db, err := load(file)
	if err != nil {
		return nil, err
	}
	m.cache[id] = db
	return db, nil
}

// Forget closes the organisation's access list and drops it from the cache,
// even if closing fails: a broken handle must not be handed out again.
// Forgetting what is not cached is no error.
func (m *Manager) Forget(id tenant.ID) error {
	m.mu.Lock()
	db, cached := m.cache[id]
	delete(m.cache, id)
	m.mu.Unlock()
	if !cached {
		return nil
	}
	if err := db.close(); err != nil {
		return fmt.Errorf("close access list of %s: %w", id, err)
	}
	return nil
}

// OpenHandles returns how many access lists are open.
func (m *Manager) OpenHandles() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.cache)
}

// Close forgets everything.
func (m *Manager) Close() error {
	m.mu.Lock()
	ids := make([]tenant.ID, 0, len(m.cache))
	for id := range m.cache {
		ids = append(ids, id)
	}
	m.mu.Unlock()
	var errs []error
	for _, id := range ids {
		errs = append(errs, m.Forget(id))
	}
	return errors.Join(errs...)
}
