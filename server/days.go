package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// days is a setting: a time that is written in days, "400d".
type days time.Duration

const day = 24 * time.Hour

// String writes it as it is read.
func (d *days) String() string {
	if d == nil || *d == 0 {
		return "0"
	}
	return strconv.Itoa(int(time.Duration(*d)/day)) + "d"
}

// Set reads whole days, or 0.
func (d *days) Set(text string) error {
	number, _ := strings.CutSuffix(text, "d")
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || n > 36500 || n > 0 && number == text {
		return fmt.Errorf("write it in whole days, like 400d")
	}
	*d = days(time.Duration(n) * day)
	return nil
}
