package monitoring

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"example.com/beacon/internal/tenant"
)

// Alert is a rule that fires for a subject.
type Alert struct {
	ID       string    `json:"id"`
	Rule     string    `json:"rule"`
	Subject  string    `json:"subject"`
	Severity Severity  `json:"severity"`
	Value    float64   `json:"value"`
	Since    time.Time `json:"since"`
}

// Agent is a machine that has reported at least once.
type Agent struct {
	Name     string    `json:"name"`
	Version  string    `json:"version"`
	LastSeen time.Time `json:"last_seen"`
}

// alertKey makes a second breach of a rule by the same subject the same alert.
type alertKey struct{ rule, subject string }

type shard struct {
	alerts map[alertKey]Alert
	agents map[string]Agent
}

// Store keeps every organisation's state in memory, each in a shard of its own.
type Store struct {
	mu     sync.RWMutex
	shards map[tenant.ID]*shard
}

// NewStore returns an empty store.
func NewStore() *Store { return &Store{shards: map[tenant.ID]*shard{}} }

// View is the store as one organisation sees it. No method of it takes an
// organisation: code that holds a View cannot name another one, so isolation
// does not depend on anybody remembering a filter.
type View struct {
	store *Store
	id    tenant.ID
}

// For returns the view of one organisation.
func (s *Store) For(id tenant.ID) View { return View{store: s, id: id} }

// Firing counts the alerts of all organisations, for the operator's metrics.
func (s *Store) Firing() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	total := 0
	for _, shard := range s.shards {
		total += len(shard.alerts)
	}
	return total
}

// Alerts returns what fires now, sorted by subject and rule.
func (v View) Alerts() []Alert {
	list := []Alert{}
	v.read(func(s *shard) {
		for _, alert := range s.alerts {
			list = append(list, alert)
		}
	})
	slices.SortFunc(list, func(a, b Alert) int {
		return cmp.Or(cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Rule, b.Rule))
	})
	return list
}

// Agents returns the known machines by name.
func (v View) Agents() []Agent {
	list := []Agent{}
	v.read(func(s *shard) {
		for _, agent := range s.agents {
			list = append(list, agent)
		}
	})
	slices.SortFunc(list, func(a, b Agent) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// Seen records that an agent reported.
func (v View) Seen(agent Agent) {
	v.write(func(s *shard) { s.agents[agent.Name] = agent })
}

// Dismiss drops the alert with this ID; it fires anew if it is still true at
// the next sample. It reports whether there was one.
func (v View) Dismiss(id string) bool {
	dismissed := false
	v.write(func(s *shard) {
		for key, alert := range s.alerts {
			if alert.ID == id {
				delete(s.alerts, key)
				dismissed = true
			}
		}
	})
	return dismissed
}

func (v View) read(look func(*shard)) {
	v.store.mu.RLock()
	defer v.store.mu.RUnlock()
	if shard, found := v.store.shards[v.id]; found {
		look(shard)
	}
}

func (v View) write(change func(*shard)) {
	v.store.mu.Lock()
	defer v.store.mu.Unlock()
	s, found := v.store.shards[v.id]
	if !found {
		s = &shard{alerts: map[alertKey]Alert{}, agents: map[string]Agent{}}
		v.store.shards[v.id] = s
	}
	change(s)
}
