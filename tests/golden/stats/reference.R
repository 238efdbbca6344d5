# z-scores of the LMS method. The distribution of Box and Cox, Cole and Green is inverted numerically: y is the root of
# the distribution function at pnorm(z), so nothing here is the formula of the package turned round.
# Rscript tests/golden/stats/reference.R > tests/golden/stats/reference.json
library(jsonlite)

density_of <- function(y, l, m, s) {
  # Density of y when ((y/m)^l - 1) / (l s) is standard normal (l = 0: the log-normal), by the change of variables.
  if (l == 0) return(dlnorm(y, log(m), s))
  x <- (y / m)^l
  dnorm((x - 1) / (l * s)) * x / (y * s)
}
below <- function(y, l, m, s) integrate(function(t) density_of(t, l, m, s), 100, y, rel.tol = 1e-12, subdivisions = 2000)$value
rows <- expand.grid(l = c(-0.3, 0, 0.5, 0.8), m = c(840, 1380), s = c(0.12, 0.16), y = c(700, 1000, 1500))
# Below 100 there is nothing (z below -6); only shares whose z-score keeps its digits are kept.
rows$share <- mapply(below, rows$y, rows$l, rows$m, rows$s)
rows$z <- qnorm(rows$share)
rows <- rows[rows$share > 1e-4 & rows$share < 1 - 1e-4, ]
# Log-normal percentiles: lower and upper limit of 10 % and 90 %.
meanlog <- log(1000); sdlog <- 0.35
limits <- qlnorm(c(0.1, 0.5, 0.9), meanlog, sdlog)
values <- c(120, 400, 900, 1000, 2500)
cat(toJSON(list(
  lms = rows, log_normal = list(limits = limits, values = values, z = qnorm(plnorm(values, meanlog, sdlog)))
), digits = NA, pretty = TRUE), "\n")
