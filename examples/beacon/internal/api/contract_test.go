package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"example.com/beacon/internal/rbac"
)

// The examples in contract/ are read by the frontend's tests too: a field
// that is renamed on one side only turns one of the two suites red.
const contractDir = "../../contract"

func TestContractAnswersMatchTheExamples(t *testing.T) {
	h := newHarness(t)
	signup := h.call("POST", "/api/public/signup", "", `{"org":"acme","contact":"ops@acme.test"}`)
	const admin = "acme.secret-1"
	agent := h.join(t, "acme", admin, rbac.Agent)
	wantStatus(t, h.call("POST", "/api/orgs/acme/heartbeats", agent, hot), http.StatusNoContent)

	seen := map[string]bool{}
	for _, c := range []struct {
		example string
		status  int
		answer  interface{ Result() *http.Response }
	}{
		{"signup.json", http.StatusCreated, signup},
		{"alerts.json", http.StatusOK, h.call("GET", "/api/orgs/acme/alerts", admin, "")},
		{"agents.json", http.StatusOK, h.call("GET", "/api/orgs/acme/agents", admin, "")},
		{"members.json", http.StatusOK, h.call("GET", "/api/orgs/acme/members", admin, "")},
		{"member-added.json", http.StatusCreated, h.call("POST", "/api/orgs/acme/members", admin, `{"name":"grace","role":"viewer"}`)},
		{"error.json", http.StatusForbidden, h.call("GET", "/api/orgs/acme/alerts", agent, "")},
	} {
		seen[c.example] = true
		response := c.answer.Result()
		if response.StatusCode != c.status || response.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: got %d, %s", c.example, response.StatusCode, response.Header.Get("Content-Type"))
		}
		var got bytes.Buffer
		if _, err := got.ReadFrom(response.Body); err != nil {
			t.Fatal(err)
		}
		if want := compact(t, filepath.Join(contractDir, c.example)); got.String() != want+"\n" {
			t.Errorf("%s:\ngot  %swant %s", c.example, got.String(), want)
		}
	}

	// An example that no answer is compared to would be a promise untested.
	files, err := filepath.Glob(contractDir + "/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, file := range files {
		if !seen[filepath.Base(file)] {
			t.Errorf("%s is compared to nothing", file)
		}
	}
}

func TestContractUnknownPathsAnswerInJSON(t *testing.T) {
	h := newHarness(t)
	for path, want := range map[string]struct {
		method string
		status int
		code   string
	}{
		"/nowhere": {"GET", http.StatusNotFound, "not_found"},
		"/healthz": {"DELETE", http.StatusMethodNotAllowed, "method_not_allowed"},
	} {
		answer := h.call(want.method, path, "", "")
		wantStatus(t, answer, want.status)
		if got := decode[errorBody](t, answer).Error.Code; got != want.code {
			t.Errorf("%s: got %q, want %q", path, got, want.code)
		}
	}
}

func TestContractEmptyListsAreListsAndNotNull(t *testing.T) {
	h := newHarness(t)
	admin := h.signUp(t, "acme")
	for _, list := range []string{"alerts", "agents"} {
		if got, want := h.call("GET", "/api/orgs/acme/"+list, admin, "").Body.String(), `{"`+list+`":[]}`+"\n"; got != want {
			t.Errorf("got %s want %s", got, want)
		}
	}
}

func compact(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := json.Compact(&out, text); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return out.String()
}
