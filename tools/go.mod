module zapis/tools

go 1.26.0

require zapis v0.0.0

replace zapis => ../
