package tenant

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func mustID(t *testing.T, name string) ID {
	t.Helper()
	id, err := ParseID(name)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func openStore(t *testing.T, dir string) *Store {
	t.Helper()
	store, err := OpenStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func TestParseIDRefusesWhatIsNotAName(t *testing.T) {
	for _, bad := range []string{"", "ab", "-abc", "abc-", "ABC", "a/b", "../etc", "a.b", "ümlaut", "a\x00b", "name-that-is-longer-than-thirty-two"} {
		if _, err := ParseID(bad); err == nil {
			t.Errorf("ParseID(%q) accepted it", bad)
		}
	}
}

func TestTenantIsActiveOnlyAfterItsLastStep(t *testing.T) {
	store := openStore(t, t.TempDir())
	acme := mustID(t, "acme")
	if err := store.Create(acme); err != nil {
		t.Fatal(err)
	}
	if store.Active(acme) {
		t.Error("active before its profile was written")
	}
	if err := store.Create(acme); !errors.Is(err, ErrExists) {
		t.Errorf("second Create: got %v, want ErrExists", err)
	}
	if err := store.Activate(Profile{Org: acme, Contact: "ops@acme.test"}); err != nil {
		t.Fatal(err)
	}
	if ids, err := store.List(); err != nil || !slices.Equal(ids, []ID{acme}) {
		t.Errorf("List: got %v, %v", ids, err)
	}
}

func TestOpenStoreSweepsUnfinishedTenants(t *testing.T) {
	dir := t.TempDir()
	store := openStore(t, dir)
	done, crashed := mustID(t, "done"), mustID(t, "crashed")
	for _, id := range []ID{done, crashed} {
		if err := store.Create(id); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Activate(Profile{Org: done}); err != nil {
		t.Fatal(err)
	}
	// Not a tenant's name, so not ours to delete.
	if err := os.Mkdir(filepath.Join(dir, "Backup.old"), 0o700); err != nil {
		t.Fatal(err)
	}

	openStore(t, dir)

	for name, want := range map[string]bool{"done": true, "crashed": false, "Backup.old": true} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("%s: exists = %v, want %v", name, err == nil, want)
		}
	}
}

func TestRemoveNeedsAName(t *testing.T) {
	store := openStore(t, t.TempDir())
	if err := store.Remove(ID{}); err == nil {
		t.Error("removing the zero ID succeeded; it would delete every tenant")
	}
}
