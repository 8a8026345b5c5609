package yclients

//go:generate go -C ../tools run ./sdkgen -list ../yclients/operations.txt -out ../yclients
