package api

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"

	"example.com/beacon/internal/version"
)

func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, struct {
		Status string `json:"status"`
	}{"ok"})
}

func (s *Server) version(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, struct {
		Version string `json:"version"`
	}{version.String()})
}

// metrics is in Prometheus' text format. It is public, so it holds totals and
// never an organisation's name.
func (s *Server) metrics(w http.ResponseWriter, _ *http.Request) {
	tenants, err := s.Tenants.List()
	if err != nil {
		s.Log.Error("metrics", "cause", err)
		internalError(w)
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = fmt.Fprintf(w, "beacon_build_info{version=%q} 1\n", version.String())
	_, _ = fmt.Fprintf(w, "beacon_tenants %d\n", len(tenants))
	_, _ = fmt.Fprintf(w, "beacon_access_lists_open %d\n", s.Access.OpenHandles())
	_, _ = fmt.Fprintf(w, "beacon_alerts_firing %d\n", s.Alerts.Firing())
}

// agentFiles maps the arch parameter to a file name. The parameter is a key
// and never a part of a path, so there is nothing to traverse.
var agentFiles = map[string]string{
	"amd64": "beacon-agent-linux-amd64",
	"arm64": "beacon-agent-linux-arm64",
}

// downloadAgent serves the agent for ?arch=, amd64 unless told otherwise, and
// names its SHA-256 so that an installer can check what arrived.
func (s *Server) downloadAgent(w http.ResponseWriter, r *http.Request) {
	arch := r.URL.Query().Get("arch")
	if arch == "" {
		arch = "amd64"
	}
	name, known := agentFiles[arch]
	if !known {
		invalid(w, "arch must be amd64 or arm64")
		return
	}
	err := s.sendAgent(w, r, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		notFound(w)
	case err != nil:
		s.Log.Error("download agent", "file", name, "cause", err)
		internalError(w)
	}
}

// sendAgent returns an error only as long as nothing was sent.
func (s *Server) sendAgent(w http.ResponseWriter, r *http.Request, name string) error {
	root, err := os.OpenRoot(s.AgentDir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	file, err := root.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "application/octet-stream")
	header.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	header.Set("X-Checksum-Sha256", hex.EncodeToString(sum.Sum(nil)))
	http.ServeContent(w, r, name, info.ModTime(), file)
	return nil
}
