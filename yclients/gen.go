package yclients

//go:generate go -C ../tools run ./sdkgen
