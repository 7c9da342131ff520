local s = "\u{48}\z  \x41\065" .. [==[x]]y]==] -- lint: ignore MW1604 x
for i = 1, 2 do repeat local q = -i ^ 2 // 3 until q ~= i end