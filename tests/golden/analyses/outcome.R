# Outcome by reconstitution and external comparisons in R: a second programmer's rule of confirmed crossing at a landmark,
# coxph and survfit from the landmark on, coxph on tmerge's start-stop rows (robust by participant), survfit and coxph with
# delayed entry against a control data set, binom.test, and a one-sample log-rank test with entry times.
# Rscript tests/golden/analyses/outcome.R > tests/golden/analyses/outcome.json
suppressMessages({library(survival); library(jsonlite)})
set.seed(20261128)

n <- 40
injected <- sample(4:10, n, replace = TRUE)
end <- ceiling(rexp(n, 1 / 260)) + injected + 20
cut <- sample(150:420, n, replace = TRUE)
cause <- ifelse(end <= cut, sample(c("death", "relapse"), n, replace = TRUE), "alive")
people <- data.frame(id = sprintf("P%02d", 1:n), injected = injected, last = pmin(end, cut), cause = cause)
samples <- do.call(rbind, lapply(1:n, function(i) {
  day <- sort(sample(seq(12, 180, by = 4), 9))
  day <- day[day <= people$last[i]]
  if (i %% 9 == 0) day <- day[day < 40] # sampled no more: status not known
  if (length(day) == 0) return(NULL)
  data.frame(id = people$id[i], day = day, value = round(exp(rnorm(1, 0, .5)) * day^1.1 * exp(rnorm(length(day), -.3, .45)), 0))
}))
samples$value <- pmax(samples$value, 2)

# The rule: > 50 on two consecutive samples at least 14 days apart, first on days 0 to 100; nothing after the landmark.
status_at <- function(id, landmark) {
  s <- samples[samples$id == id & samples$day <= landmark, ]
  if (nrow(s) == 0) return("unknown")
  for (i in seq_len(nrow(s))) {
    if (s$value[i] <= 50 || s$day[i] > 100) next
    j <- i
    while (j < nrow(s) && s$value[j + 1] > 50) {
      j <- j + 1
      if (s$day[j] - s$day[i] >= 14) return("reconstituted")
    }
  }
  inside <- s[s$day <= 100, ]
  if (nrow(inside) == 0 || max(inside$day) < min(landmark, 100) - 45) return("unknown")
  below <- which(s$value <= 50)
  run <- s[if (length(below)) seq_len(nrow(s)) > max(below) else TRUE, ] # samples since the last one that was not above
  if (any(run$day <= 100)) return("reached, not yet confirmed")
  "not reconstituted"
}
event_of <- list(OS = "death", RELAPSE = "relapse", NRM = "death")
landmark <- function(day, endpoint) {
  d <- people
  d$status <- sapply(d$id, status_at, landmark = day)
  d <- d[d$last > day, ]
  d$time <- d$last - day
  d$event <- as.integer(d$cause == event_of[[endpoint]])
  unknown <- sum(d$status == "unknown")
  d <- d[d$status != "unknown", ]
  ratio <- function(e) {
    e$x <- as.integer(e$status == "reconstituted")
    fit <- coxph(Surv(time, event) ~ x, e)
    list(n = nrow(e), n_met = sum(e$x), coef = unname(coef(fit)), se = sqrt(fit$var[1]),
         zph = unname(cox.zph(fit)$table[1, "chisq"]))
  }
  curve <- lapply(c("not reconstituted", "reconstituted", "reached, not yet confirmed"), function(v) {
    e <- d[d$status == v, ]
    if (nrow(e) == 0) return(list(n = 0, estimate = numeric(0), std_error = numeric(0)))
    if (endpoint == "OS") {
      s <- summary(survfit(Surv(time, event) ~ 1, e), times = c(60, 120))
      list(n = nrow(e), estimate = s$surv, std_error = s$std.err)
    } else {
      f <- factor(ifelse(e$cause == "alive", 0, ifelse(e$event == 1, 1, 2)), 0:2)
      s <- summary(survfit(Surv(e$time, f) ~ 1), times = c(60, 120))
      list(n = nrow(e), estimate = s$pstate[, 2], std_error = s$std.err[, 2])
    }
  })
  list(unknown = unknown, merged = ratio(d), left_out = ratio(d[d$status != "reached, not yet confirmed", ]),
       not_met = curve[[1]], met = curve[[2]], waiting = curve[[3]])
}

current <- function(endpoint) {
  base <- data.frame(id = people$id, futime = people$last - people$injected, status = as.integer(people$cause == event_of[[endpoint]]))
  long <- merge(samples, people[, c("id", "injected")])
  long$time <- long$day - long$injected
  long$log10 <- log10(long$value)
  d <- tmerge(base, base, id = id, event = event(futime, status))
  d <- tmerge(d, long[order(long$id, long$time), ], id = id, value = tdc(time, log10))
  d <- d[!is.na(d$value), ]
  fit <- coxph(Surv(tstart, tstop, event) ~ value, d, cluster = id)
  list(rows = nrow(d), n = length(unique(d$id)), coef = unname(coef(fit)), se = sqrt(fit$var[1]), naive_se = sqrt(fit$naive.var[1]))
}

m <- 60
control <- data.frame(id = sprintf("C%02d", 1:m), last = ceiling(rexp(m, 1 / 200)), cut = sample(100:500, m, replace = TRUE))
control$event <- as.integer(control$last <= control$cut)
control$last <- pmin(control$last, control$cut)
both <- rbind(
  data.frame(arm = 1, entry = people$injected, time = people$last, event = as.integer(people$cause == "death")),
  data.frame(arm = 0, entry = 0, time = control$last, event = control$event)
)
at <- function(d, days) { s <- summary(survfit(Surv(entry, time, event) ~ 1, d, conf.type = "log-log"), times = days)
  list(estimate = s$surv, std_error = s$std.err, low = s$lower, high = s$upper) }
delayed <- coxph(Surv(entry, time, event) ~ arm, both)
late <- both[both$time > 10, ]; late$entry <- 10
from10 <- coxph(Surv(entry, time, event) ~ arm, late)

grid <- c(.3, .5, .547, .7)
binomial <- lapply(list(c(9, 10), c(0, 6), c(6, 6), c(7, 18), c(20, 36)), function(v) list(x = v[1], n = v[2], p0 = grid,
  less = sapply(grid, function(p) binom.test(v[1], v[2], p, "less")$p.value),
  greater = sapply(grid, function(p) binom.test(v[1], v[2], p, "greater")$p.value),
  two_sided = sapply(grid, function(p) binom.test(v[1], v[2], p)$p.value)))

# Hazard in print on the clock of the transplant: 0.2 by day 100, 0.5 by day 400; at risk from the injection on.
hazard <- approxfun(c(0, 100, 400), c(0, .2, .5), rule = 2)
until <- 365
stop <- pmin(people$last, until)
observed <- sum(people$cause == "death" & people$last <= until)
expected <- sum(hazard(stop) - hazard(people$injected))
p <- poisson.test(observed, expected)

landmarks <- list()
for (day in c(60, 100)) for (endpoint in names(event_of))
  landmarks[[length(landmarks) + 1]] <- c(list(day = day, endpoint = endpoint), landmark(day, endpoint))
cat(toJSON(list(
  people = people, samples = samples, control = control[, c("id", "last", "event")],
  landmarks = landmarks,
  current = lapply(names(event_of), function(e) c(list(endpoint = e), current(e))),
  delayed = list(coef = unname(coef(delayed)), se = sqrt(delayed$var[1]), here = at(both[both$arm == 1, ], c(100, 200)), control = at(both[both$arm == 0, ], c(100, 200))),
  from10 = list(coef = unname(coef(from10)), se = sqrt(from10$var[1]), here = at(late[late$arm == 1, ], c(100, 200)), control = at(late[late$arm == 0, ], c(100, 200))),
  binomial = binomial,
  one_sample = list(observed = observed, expected = expected, ratio = observed / expected, low = p$conf.int[1], high = p$conf.int[2])
), digits = NA, auto_unbox = TRUE), "\n")
