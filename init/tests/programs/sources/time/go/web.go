package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"time"
)

func init() {
	programs["cookie"] = cookie
	programs["cookie-expires"] = cookieExpires
	programs["modified"] = modified
	programs["date"] = dateHeader
	programs["client"] = clientTimeout
	programs["certificate"] = certificate
}

// Gives what a client sends back of the cookies that it got, after more than a second.
func returned(cookies func() []string) (string, error) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/set" {
			w.Header()["Set-Cookie"] = cookies()
		}
		fmt.Fprint(w, r.Header.Get("Cookie"))
	}))
	defer server.Close()
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", err
	}
	client := http.Client{Jar: jar}
	response, err := client.Get(server.URL + "/set")
	if err != nil {
		return "", err
	}
	response.Body.Close()
	time.Sleep(1100 * time.Millisecond)
	if response, err = client.Get(server.URL); err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

// The jar reckons ages with the monotonic clock.
func cookie() error {
	seen, err := returned(func() []string { return []string{"long=1; Max-Age=3600", "short=1; Max-Age=1"} })
	if err == nil && seen != "long=1" {
		err = fmt.Errorf("it sent %q", seen)
	}
	return err
}

// Dates have no monotonic part.
func cookieExpires() error {
	until := func(left time.Duration) string { return time.Now().Add(left).UTC().Format(http.TimeFormat) }
	seen, err := returned(func() []string {
		return []string{"long=1; Expires=" + until(time.Hour), "short=1; Expires=" + until(time.Second)}
	})
	if err == nil && seen != "long=1" {
		err = fmt.Errorf("it sent %q", seen)
	}
	return err
}

// A page that has changed since the client got it is sent anew, one that has not is not; by whole seconds.
func modified() error {
	changed := wall()
	handler := func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "page", changed, bytes.NewReader([]byte("page")))
	}
	get := func(since string) *httptest.ResponseRecorder {
		recorder, request := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		request.Header.Set("If-Modified-Since", since)
		handler(recorder, request)
		return recorder
	}
	first := get("")
	stamp := first.Header().Get("Last-Modified")
	if first.Code != 200 || get(stamp).Code != 304 {
		return fmt.Errorf("%d and %d for %s", first.Code, get(stamp).Code, stamp)
	}
	time.Sleep(1100 * time.Millisecond)
	changed = wall()
	if code := get(stamp).Code; code != 200 {
		return fmt.Errorf("%d for a page that has changed since %s", code, stamp)
	}
	return nil
}

// The server's date is the client's.
func dateHeader() error {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	response, err := http.Get(server.URL)
	if err != nil {
		return err
	}
	response.Body.Close()
	date, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return err
	}
	return about("its age", wall().Sub(date)+time.Second, 0)
}

func clientTimeout() error {
	release := make(chan bool)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	began, client := time.Now(), http.Client{Timeout: 300 * time.Millisecond}
	if _, err := client.Get(server.URL); err == nil {
		return fmt.Errorf("an answer")
	}
	return about("the timeout", time.Since(began), 300*time.Millisecond)
}

// A certificate of one second is good, and then no more.
func certificate() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	make := func(left time.Duration) (*x509.Certificate, error) {
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
			NotBefore: time.Now().Add(-time.Second), NotAfter: time.Now().Add(left),
			IsCA: true, BasicConstraintsValid: true,
		}
		bytes, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			return nil, err
		}
		return x509.ParseCertificate(bytes)
	}
	check := func(certificate *x509.Certificate) error {
		roots := x509.NewCertPool()
		roots.AddCert(certificate)
		_, err := certificate.Verify(x509.VerifyOptions{Roots: roots})
		return err
	}
	long, err := make(time.Hour)
	if err != nil {
		return err
	}
	short, err := make(time.Second)
	if err != nil {
		return err
	}
	time.Sleep(1100 * time.Millisecond)
	if check(short) == nil {
		return fmt.Errorf("it is good after %v", short.NotAfter)
	}
	return check(long)
}
