package rbac

import (
	"os"
	"path/filepath"
	"testing"

	"example.com/beacon/internal/tenant"
)

func newTenant(t *testing.T) (*tenant.Store, tenant.ID, string) {
	t.Helper()
	dir := t.TempDir()
	store, err := tenant.OpenStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	id, err := tenant.ParseID("acme")
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Create(id); err != nil {
		t.Fatal(err)
	}
	return store, id, filepath.Join(dir, "acme", FileName)
}

// The table is spelled out a second time on purpose: whoever widens a role
// has to say so twice.
func TestRBACGrantsExactlyThisMuch(t *testing.T) {
	all := []Permission{AlertsRead, AlertsWrite, AgentsRead, HeartbeatsWrite, MembersRead, MembersWrite}
	want := map[Role]map[Permission]bool{
		Admin:         {AlertsRead: true, AlertsWrite: true, AgentsRead: true, HeartbeatsWrite: true, MembersRead: true, MembersWrite: true},
		Operator:      {AlertsRead: true, AlertsWrite: true, AgentsRead: true, MembersRead: true},
		Viewer:        {AlertsRead: true, AgentsRead: true},
		Agent:         {HeartbeatsWrite: true},
		Role("root"):  {},
		Role(""):      {},
		Role("ADMIN"): {},
	}
	for role, permissions := range want {
		for _, p := range all {
			if got := role.Allows(p); got != permissions[p] {
				t.Errorf("%q may %s: got %v", role, p, got)
			}
		}
	}
}

func TestRBACMembersSurviveAReopen(t *testing.T) {
	store, id, path := newTenant(t)
	manager := NewManager(StoreOpener(store))
	db, err := manager.Create(id)
	if err != nil {
		t.Fatal(err)
	}
	member := Member{ID: "m-1", Name: "ops", Role: Operator}
	if err := db.Grant(member, "swordfish"); err != nil {
		t.Fatal(err)
	}
	if err := manager.Forget(id); err != nil {
		t.Fatal(err)
	}
	if n := manager.OpenHandles(); n != 0 {
		t.Fatalf("%d handles open after Forget", n)
	}

	again, err := manager.Open(id)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = manager.Close() }()
	if got, found := again.Lookup("swordfish"); !found || got != member {
		t.Errorf("after a reopen: got %+v, %v", got, found)
	}
	if _, found := again.Lookup("sword"); found {
		t.Error("a wrong secret was accepted")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"id":"m-1","name":"ops","role":"operator","token_sha256":"` + digest("swordfish") + "\"}\n"; string(text) != want {
		t.Errorf("file: got %s want %s", text, want)
	}
}

func TestRBACRefusesADamagedList(t *testing.T) {
	for name, text := range map[string]string{
		"not JSON":     "oops\n",
		"unknown role": `{"id":"m-1","name":"x","role":"root","token_sha256":""}` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			store, id, path := newTenant(t)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			manager := NewManager(StoreOpener(store))
			if _, err := manager.Open(id); err == nil {
				t.Error("the damaged list was opened")
			}
			if n := manager.OpenHandles(); n != 0 {
				t.Errorf("%d handles cached after a failure", n)
			}
		})
	}
}

func TestRBACCreateRefusesAnExistingList(t *testing.T) {
	store, id, path := newTenant(t)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewManager(StoreOpener(store)).Create(id); err == nil {
		t.Error("Create took over a list that was there before")
	}
}
