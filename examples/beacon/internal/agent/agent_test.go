package agent

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func meminfo() ([]byte, error) {
	return []byte("MemTotal:       1000 kB\nMemFree:          10 kB\nMemAvailable:    250 kB\n"), nil
}

func TestReportSendsOneHeartbeat(t *testing.T) {
	var path, authorization, body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		path, authorization, body = r.URL.Path, r.Header.Get("Authorization"), string(text)
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()

	agent := Agent{Server: server.URL + "/", Name: "web-1", Token: "acme.s", Meminfo: meminfo, Client: NewClient()}
	if err := agent.Report(t.Context()); err != nil {
		t.Fatal(err)
	}
	if path != "/api/orgs/acme/heartbeats" || authorization != "Bearer acme.s" {
		t.Errorf("got %s with %s", path, authorization)
	}
	if want := `{"agent":"web-1","metrics":{"memory_used_percent":75},"version":"0.0.0-dev"}`; body != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
}

func TestReportPassesOnARefusal(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	agent := Agent{Server: server.URL, Name: "web-1", Token: "acme.s", Meminfo: meminfo, Client: NewClient()}
	if err := agent.Report(t.Context()); err == nil || !strings.Contains(err.Error(), "status 404") {
		t.Errorf("got %v", err)
	}
}

func TestMeminfoThatMakesNoSenseIsAnError(t *testing.T) {
	for _, text := range []string{"", "MemTotal: 0 kB\n", "MemTotal: 1 kB\nMemAvailable: 2 kB\n", "MemTotal: many kB\n"} {
		if _, err := memoryUsedPercent([]byte(text)); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}
