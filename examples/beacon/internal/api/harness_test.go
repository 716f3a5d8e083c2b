package api

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.com/beacon/internal/monitoring"
	"example.com/beacon/internal/rbac"
	"example.com/beacon/internal/tenant"
)

// harness is a server whose clock stands still and whose IDs and secrets
// count, so that its answers can be compared literally.
type harness struct {
	*Server
	dir     string
	handler http.Handler
	log     *strings.Builder
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	dir := t.TempDir()
	store, err := tenant.OpenStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	manager := rbac.NewManager(rbac.StoreOpener(store))
	t.Cleanup(func() {
		if err := manager.Close(); err != nil {
			t.Error(err)
		}
		_ = store.Close()
	})
	now := func() time.Time { return time.Date(2026, 2, 9, 12, 0, 0, 0, time.UTC) }
	newID := counter("id")
	log := &strings.Builder{}
	server := &Server{
		Tenants:   store,
		Access:    manager,
		Alerts:    monitoring.NewStore(),
		Evaluator: monitoring.Evaluator{Rules: monitoring.DefaultRules(), Now: now, NewID: newID},
		AgentDir:  t.TempDir(),
		Now:       now, NewID: newID, NewSecret: counter("secret"),
		Log: slog.New(slog.NewTextHandler(log, nil)),
	}
	return &harness{Server: server, dir: dir, handler: server.Handler(), log: log}
}

func counter(prefix string) func() string {
	n := 0
	return func() string { n++; return fmt.Sprintf("%s-%d", prefix, n) }
}

// call sends one request; an empty token sends no Authorization header.
func (h *harness) call(method, path, token, body string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer := httptest.NewRecorder()
	h.handler.ServeHTTP(answer, request)
	return answer
}

// signUp makes an organisation and returns its admin's token.
func (h *harness) signUp(t *testing.T, org string) string {
	t.Helper()
	answer := h.call("POST", "/api/public/signup", "", `{"org":"`+org+`","contact":"ops@`+org+`.test"}`)
	wantStatus(t, answer, http.StatusCreated)
	return decode[signupResponse](t, answer).Token
}

// join adds a member with the role and returns the member's token.
func (h *harness) join(t *testing.T, org, admin string, role rbac.Role) string {
	t.Helper()
	answer := h.call("POST", "/api/orgs/"+org+"/members", admin, `{"name":"the `+string(role)+`","role":"`+string(role)+`"}`)
	wantStatus(t, answer, http.StatusCreated)
	return decode[memberResponse](t, answer).Token
}

func wantStatus(t *testing.T, answer *httptest.ResponseRecorder, want int) {
	t.Helper()
	if answer.Code != want {
		t.Fatalf("status: got %d, want %d; body: %s", answer.Code, want, answer.Body)
	}
}

func decode[T any](t *testing.T, answer *httptest.ResponseRecorder) T {
	t.Helper()
	var value T
	decoder := json.NewDecoder(answer.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		t.Fatalf("more than one JSON value: %v", err)
	}
	return value
}
