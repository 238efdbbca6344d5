# Numbers that tests/stats/test_second_opinion_by_hand.py compares with.
# Rscript second_opinion.R  (in this folder) rewrites second_opinion.json; data are made here, none are borrowed.
# Needs survival, cmprsk, etm, jsonlite. etm refuses an event at time 0: there its entry is null.
suppressMessages({library(survival); library(cmprsk); library(etm); library(jsonlite)})
RNGkind("Mersenne-Twister", "Inversion", "Rejection")
level <- 0.95

kaplan_meier <- function(d) {
  surv <- if (is.null(d$entry)) Surv(d$time, d$cause > 0) else Surv(d$entry, d$time, d$cause > 0)
  times <- sort(unique(d$time[d$cause > 0]))
  limits <- lapply(c("log-log", "log", "plain"), function(type) {
    fit <- survfit(surv ~ 1, conf.type = type, conf.int = level)
    at <- summary(fit, times = times)
    q <- quantile(fit, c(.25, .5, .75))
    list(S = at$surv, se = at$std.err, lower = at$lower, upper = at$upper,
         q = as.numeric(q$quantile), q_lower = as.numeric(q$lower), q_upper = as.numeric(q$upper))
  })
  names(limits) <- c("log-log", "log", "plain")
  c(list(times = times, q_probs = c(.25, .5, .75), last = max(d$time)), limits)
}

incidence <- function(d) {
  k <- sort(unique(d$cause[d$cause > 0]))
  times <- sort(unique(d$time[d$cause > 0]))
  state <- factor(d$cause, levels = c(0, k))
  id <- seq_along(d$time)
  fit <- if (is.null(d$entry)) survfit(Surv(d$time, state) ~ 1, id = id)
         else survfit(Surv(d$entry, d$time, state) ~ 1, id = id)
  at <- summary(fit, times = times)
  out <- list(causes = k, times = times, F = at$pstate[, -1, drop = FALSE], var_ij = at$std.err[, -1, drop = FALSE]^2)
  if (all(d$time > 0)) {
    tra <- matrix(FALSE, length(k) + 1, length(k) + 1); tra[1, -1] <- TRUE
    frame <- data.frame(id = id, from = 0, to = ifelse(d$cause == 0, "cens", as.character(d$cause)),
                        entry = if (is.null(d$entry)) 0 else d$entry, exit = d$time)
    e <- etm(frame, c("0", as.character(k)), tra, "cens", s = 0)
    rows <- match(times, e$time)
    out$etm_F <- sapply(k, function(i) e$est["0", as.character(i), rows])
    out$etm_var <- sapply(k, function(i) e$cov[paste("0", i), paste("0", i), rows])
  }
  if (is.null(d$entry)) {
    g <- timepoints(cuminc(d$time, d$cause), times)
    out$gray_var <- t(unname(g$var)); out$gray_F <- t(unname(g$est))
  }
  out
}

set.seed(20130430)
small8 <- list(time = c(2, 3, 3, 3, 5, 5, 7, 9), cause = c(1, 1, 2, 0, 2, 2, 1, 0))
alldie <- list(time = c(1, 2, 2, 4, 4, 6), cause = c(1, 2, 1, 1, 1, 2))
n <- 60
ties60 <- list(time = pmin(floor(rexp(n, 1 / 8)), 15), cause = sample(0:3, n, TRUE, c(.3, .3, .2, .2)))
distinct40 <- list(time = round(rexp(40, .1), 6) + .01, cause = sample(0:2, 40, TRUE))
entry <- floor(runif(50, 0, 6))
late50 <- list(time = entry + 1 + floor(rexp(50, 1 / 6)), cause = sample(0:2, 50, TRUE, c(.4, .3, .3)), entry = entry)

cases <- list()
for (name in c("small8", "alldie", "ties60", "distinct40", "late50")) {
  d <- get(name)
  cases[[name]] <- list(data = d, km = kaplan_meier(d), aj = incidence(d))
}
pairs <- list(c(0, 1), c(1, 1), c(0, 18), c(3, 18), c(18, 18), c(1, 36), c(140, 200))
binomial <- lapply(pairs, function(v) list(x = v[1], n = v[2], limits = as.numeric(binom.test(v[1], v[2], conf.level = level)$conf.int)))
versions <- lapply(c(R = "base", survival = "survival", cmprsk = "cmprsk", etm = "etm"), function(p) as.character(packageVersion(p)))
write(toJSON(list(versions = versions, level = level, cases = cases, binomial = binomial),
             digits = NA, auto_unbox = TRUE, na = "null", matrix = "rowmajor"), "second_opinion.json")
