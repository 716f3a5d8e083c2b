package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

func init() {
	programs["token"] = token
	programs["limiter"] = limiter
	programs["cache"] = cache
	programs["breaker"] = breaker
}

type claims struct {
	Subject string `json:"sub"`
	Issued  int64  `json:"iat"`
	Expires int64  `json:"exp"`
}

var errExpired = errors.New("the token has expired")

func sign(c claims) string {
	body, _ := json.Marshal(c)
	text := base64.RawURLEncoding.EncodeToString(body)
	mac := hmac.New(sha256.New, []byte("key"))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func verify(signed string) error {
	text, _, _ := strings.Cut(signed, ".")
	body, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	var c claims
	if err := json.Unmarshal(body, &c); err != nil {
		return err
	}
	if sign(c) != signed {
		return errors.New("the token is forged")
	}
	now := time.Now().UnixMilli()
	if c.Issued > now+1000 {
		return errors.New("the token is of the future")
	}
	if c.Expires <= now {
		return errExpired
	}
	return nil
}

// A token is good for a while, and then no more.
func token() error {
	now := time.Now().UnixMilli()
	old, short, long := sign(claims{"a", now - 2000, now - 1}), sign(claims{"a", now, now + 400}), sign(claims{"a", now, now + 3600000})
	if err := verify(old); err != errExpired {
		return fmt.Errorf("the old one: %v", err)
	}
	time.Sleep(450 * time.Millisecond)
	if err := verify(short); err != errExpired {
		return fmt.Errorf("the short one: %v", err)
	}
	return verify(long)
}

type bucket struct {
	tokens, rate float64
	last         int64
}

func (b *bucket) take() bool {
	now := time.Now().UnixNano()
	b.tokens = min(2, b.tokens+float64(now-b.last)/1e9*b.rate)
	b.last = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// A bucket by the wall clock, into which five tokens come in a second: whoever wants four when there are two waits.
func limiter() error {
	began, b := time.Now(), bucket{2, 5, time.Now().UnixNano()}
	for taken := 0; taken < 4; {
		if b.take() {
			taken++
		} else {
			time.Sleep(10 * time.Millisecond)
		}
	}
	return about("four of two and five a second", time.Since(began), 390*time.Millisecond)
}

// An entry is as old as the wall clock says, and is made anew when it is too old.
func cache() error {
	made, stored, value := 0, time.Time{}, 0
	get := func() int {
		if value == 0 || wall().Sub(stored) > 300*time.Millisecond {
			made++
			value, stored = made, wall()
		}
		return value
	}
	first := get()
	time.Sleep(350 * time.Millisecond)
	if second := get(); first != 1 || second != 2 {
		return fmt.Errorf("value %d, then %d", first, second)
	}
	return nil
}

// A breaker that opens after failures and lets one try through after a while, by `time.Since`.
func breaker() error {
	opened := time.Now()
	closed := func() bool { return time.Since(opened) >= 300*time.Millisecond }
	if closed() {
		return errors.New("it did not open")
	}
	time.Sleep(310 * time.Millisecond)
	if !closed() {
		return errors.New("it stayed open")
	}
	return nil
}
