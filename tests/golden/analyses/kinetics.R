# Counts of thirteen participants by day: geometric mean with results below the limit (survival::survreg), exact interval
# of the median (ranks by qbinom), areas and slopes (by hand and lm), and the rank-sum test given ties by enumeration of
# every arrangement (utils::combn), of those measured and with two deaths at the worst ranks.
# Rscript tests/golden/analyses/kinetics.R > tests/golden/analyses/kinetics.json
library(survival)
library(jsonlite)

days <- c(14, 28, 60, 95, 130)
counts <- rbind(
  c(5, 9, 31, 120, 200), c(3, 12, 12, 60, 85), c(5, 20, 18, 75, 75), c(8, 30, 64, 140, 320), c(5, 7, 25, 33, 61),
  c(11, 16, 90, 155, 210), c(6, 5, 14, 41, 66), c(5, 22, 40, 60, 110), c(15, 11, 52, 230, 190), c(4, 28, 28, 97, 140),
  c(5, 33, 71, 180, 260), c(9, 14, 36, 75, 150), c(7, 19, 45, 88, 97)
)
below <- matrix(FALSE, nrow(counts), ncol(counts))
below[c(1, 3, 5, 8), 1] <- TRUE # < 5
below[11, 1] <- TRUE # < 5
group <- c("A", "A", "A", "A", "A", "A", "A", "B", "B", "B", "B", "B", "B")
dead <- data.frame(id = c(14, 15), group = c("A", "B"), day = c(40, 70)) # two more participants, without a sample

geometric <- function(y, cens) {
  fit <- survreg(Surv(log10(y), !cens, type = "left") ~ 1, dist = "gaussian")
  d <- sum(!cens)
  se <- sqrt(vcov(fit)[1, 1]) * sqrt(d / (d - 1))
  unname(10^(coef(fit) + c(0, -1, 1) * qt(0.975, d - 1) * se))
}
median_limits <- function(y) {
  n <- length(y)
  low <- qbinom(0.025, n, 0.5) # the largest rank with P(B < rank) <= 0.025
  s <- sort(y)
  list(low = s[low], high = s[n + 1 - low], coverage = pbinom(n - low, n, 0.5) - pbinom(low - 1, n, 0.5))
}
value <- ifelse(below, counts / 2, counts)
area <- function(t, y, upto, log_down) {
  t <- c(0, t)
  y <- c(0, y)
  i <- findInterval(upto, t)
  if (t[i] < upto) {
    part <- (upto - t[i]) / (t[i + 1] - t[i])
    end <- if (log_down && y[i + 1] < y[i] && y[i + 1] > 0) y[i] * (y[i + 1] / y[i])^part else y[i] + part * (y[i + 1] - y[i])
    t <- c(t[1:i], upto)
    y <- c(y[1:i], end)
  }
  total <- 0
  for (j in seq_len(length(t) - 1)) {
    falls <- log_down && y[j + 1] < y[j] && y[j + 1] > 0
    total <- total + (t[j + 1] - t[j]) * (if (falls) (y[j] - y[j + 1]) / log(y[j] / y[j + 1]) else (y[j] + y[j + 1]) / 2)
  }
  total
}
linear <- apply(value, 1, function(y) area(days, y, 100, FALSE))
log_down <- apply(value, 1, function(y) area(days, y, 100, TRUE))
slope <- apply(value, 1, function(y) unname(coef(lm(log2(y[-1]) ~ days[-1]))[2]))

enumerate <- function(x, y) {
  pooled <- rank(c(x, y))
  sums <- combn(length(pooled), length(x), function(i) sum(pooled[i]))
  observed <- sum(pooled[seq_along(x)])
  centre <- length(x) * (length(pooled) + 1) / 2
  list(
    p = mean(abs(sums - centre) >= abs(observed - centre) - 1e-9), probability = mean(outer(x, y, ">") + outer(x, y, "==") / 2)
  )
}
is_a <- group == "A"
at_28 <- enumerate(value[!is_a, 2], value[is_a, 2])
at_28$shift <- median(outer(value[!is_a, 2], value[is_a, 2], "-"))
auc <- enumerate(linear[!is_a], linear[is_a])
auc$shift <- median(outer(linear[!is_a], linear[is_a], "-"))
# Ranks are all that matters: the death on day 40 below that on day 70, both below every area.
worst <- enumerate(c(linear[!is_a], -1), c(linear[is_a], -2))
big <- 1e12
worst$shift <- median(outer(c(linear[!is_a], -big), c(linear[is_a], -2 * big), "-"))
logs <- log10(linear)
t_interval <- t.test(logs[is_a])
cat(toJSON(list(
  days = days, counts = counts, below = below, group = group, dead = dead,
  geometric_14 = geometric(counts[, 1], below[, 1]), geometric_28 = geometric(counts[, 2], below[, 2]),
  median_28 = c(median(counts[, 2]), unlist(median_limits(counts[, 2]))),
  linear = linear, log_down = log_down, slope = slope,
  geometric_area_a = unname(10^c(t_interval$estimate, t_interval$conf.int)),
  at_28 = at_28, area = auc, worst = worst
), digits = NA, pretty = TRUE, auto_unbox = TRUE), "\n")
