package api

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/beacon/internal/rbac"
	"example.com/beacon/internal/tenant"
)

var errDisk = errors.New("disk on fire")

// faultyFile is a real, open access list that fails where it is told to.
type faultyFile struct {
	rbac.File
	read, write, sync error
	panics            bool
	closed            *atomic.Int32
}

func (f *faultyFile) Read(p []byte) (int, error) {
	if f.read != nil {
		return 0, f.read
	}
	return f.File.Read(p)
}

func (f *faultyFile) Write(p []byte) (int, error) {
	if f.panics {
		panic("write: nil map")
	}
	if f.write != nil {
		return 0, f.write
	}
	return f.File.Write(p)
}

func (f *faultyFile) Sync() error {
	if f.sync != nil {
		return f.sync
	}
	return f.File.Sync()
}

func (f *faultyFile) Close() error {
	f.closed.Add(1)
	return f.File.Close()
}

const signupAcme = `{"org":"acme","contact":"ops@acme.test"}`

// Each case breaks the signup at a later point than the one before. Whatever
// breaks, nothing may stay behind, and the name must be free again.
func TestHostedSignupFailureLeavesNothingBehind(t *testing.T) {
	cases := []struct {
		name    string
		openErr error
		fault   faultyFile
		// before runs when the directory exists and the list is to be opened.
		before func(t *testing.T, orgDir string)
		opened int32
	}{
		{name: "access list cannot be opened", openErr: errDisk, opened: 0},
		{name: "access list cannot be read", fault: faultyFile{read: errDisk}, opened: 1},
		{name: "admin cannot be written", fault: faultyFile{write: errDisk}, opened: 1},
		{name: "admin is torn in the middle", fault: faultyFile{write: io.ErrShortWrite}, opened: 1},
		{name: "admin cannot be synced", fault: faultyFile{sync: errDisk}, opened: 1},
		{name: "a step panics", fault: faultyFile{panics: true}, opened: 1},
		{name: "profile cannot be activated", opened: 1, before: func(t *testing.T, orgDir string) {
			// A directory in the profile's place makes the rename fail.
			if err := os.Mkdir(filepath.Join(orgDir, "profile.yaml"), 0o700); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := newHarness(t)
			orgDir := filepath.Join(h.dir, "acme")
			var opened, closed atomic.Int32
			healthy := rbac.StoreOpener(h.Tenants)
			h.Access = rbac.NewManager(func(id tenant.ID, flag int) (rbac.File, error) {
				if c.before != nil {
					c.before(t, orgDir)
				}
				if c.openErr != nil {
					return nil, c.openErr
				}
				file, err := healthy(id, flag)
				if err != nil {
					return nil, err
				}
				opened.Add(1)
				fault := c.fault
				fault.File, fault.closed = file, &closed
				return &fault, nil
			})

			answer := h.call("POST", "/api/public/signup", "", signupAcme)

			wantStatus(t, answer, http.StatusInternalServerError)
			if strings.Contains(answer.Body.String(), "fire") {
				t.Errorf("the cause reached the caller: %s", answer.Body)
			}
			if opened.Load() != c.opened {
				t.Fatalf("the fault was not reached: opened %d access lists, want %d", opened.Load(), c.opened)
			}
			assertNothingLeft(t, h, orgDir)
			if opened.Load() != closed.Load() {
				t.Errorf("opened %d handles, closed %d", opened.Load(), closed.Load())
			}

			// The same name, with a disk that works, must now succeed.
			h.Access = rbac.NewManager(healthy)
			h.signUp(t, "acme")
			if err := h.Access.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func assertNothingLeft(t *testing.T, h *harness, orgDir string) {
	t.Helper()
	if _, err := os.Lstat(orgDir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("organisation directory is still there: %v", err)
	}
	if n := h.Access.OpenHandles(); n != 0 {
		t.Errorf("%d access lists are still cached", n)
	}
	if runtime.GOOS != "linux" {
		return // only Linux lets a process list its own handles as links
	}
	handles, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, handle := range handles {
		target, err := os.Readlink("/proc/self/fd/" + handle.Name())
		if err == nil && strings.HasPrefix(target, orgDir) {
			t.Errorf("the process still holds %s open", filepath.Base(target))
		}
	}
}

// Clean-up that ran on "the name is taken" would delete the organisation that
// took it. This is the dangerous half of the feature.
func TestHostedSignupRefusalHarmsNobody(t *testing.T) {
	h := newHarness(t)
	token := h.signUp(t, "acme")
	wantStatus(t, h.call("POST", "/api/public/signup", "", signupAcme), http.StatusConflict)
	wantStatus(t, h.call("GET", "/api/orgs/acme/alerts", token, ""), http.StatusOK)
}

func TestHostedSignupRaceHasOneWinner(t *testing.T) {
	h := newHarness(t)
	// The counters of the harness are for one goroutine at a time.
	h.NewID = func() string { return "id" }
	h.NewSecret = func() string { return "secret" }
	var codes [8]int
	var racers sync.WaitGroup
	for i := range codes {
		racers.Go(func() { codes[i] = h.call("POST", "/api/public/signup", "", signupAcme).Code })
	}
	racers.Wait()

	count := map[int]int{}
	for _, code := range codes {
		count[code]++
	}
	if count[http.StatusCreated] != 1 || count[http.StatusConflict] != len(codes)-1 {
		t.Errorf("got %v, want one 201 and the rest 409", count)
	}
	wantStatus(t, h.call("GET", "/api/orgs/acme/alerts", "acme.secret", ""), http.StatusOK)
}

func TestHostedSignupCleanUpGoesOnWhenClosingFails(t *testing.T) {
	h := newHarness(t)
	healthy := rbac.StoreOpener(h.Tenants)
	h.Access = rbac.NewManager(func(id tenant.ID, flag int) (rbac.File, error) {
		file, err := healthy(id, flag)
		if err != nil {
			return nil, err
		}
		return closesBadly{file}, nil
	})

	wantStatus(t, h.call("POST", "/api/public/signup", "", signupAcme), http.StatusInternalServerError)
	assertNothingLeft(t, h, filepath.Join(h.dir, "acme"))
	if !strings.Contains(h.log.String(), `step="close access list"`) {
		t.Errorf("the failed close is not in the log: %s", h.log)
	}
}

// closesBadly cannot be synced, and reports an error although it closes.
type closesBadly struct{ rbac.File }

func (closesBadly) Sync() error { return errDisk }

func (c closesBadly) Close() error { return errors.Join(errDisk, c.File.Close()) }
