# Recurrent events and multi-state models of the invented participants in events24.csv. Run here: Rscript states.R
# Debian: r-base-core r-cran-survival r-cran-jsonlite
suppressPackageStartupMessages({library(survival); library(jsonlite)})
set.seed(7); rows <- list()
for (i in 1:24) { # up to four stretches of follow-up: state 1 well, 2 ill, 3 dead; infections on the way
  t <- sample(0:6, 1); s <- 1
  repeat { stop <- t + sample(1:40, 1); to <- if (runif(1) < .25) 3 else if (s == 1 && runif(1) < .5) 2 else s
    rows[[length(rows) + 1]] <- data.frame(id = i, entry = t, time = stop, from = s, to = to, infection = rbinom(1, 1, .45))
    t <- stop; s <- to; if (to == 3 || t > 80 || runif(1) < .15) break } }
d <- do.call(rbind, rows); d$infection[d$to == 3] <- 0; d$death <- as.integer(d$to == 3)
write.csv(d, "events24.csv", row.names = FALSE)
at <- c(5, 20, 40, 60, 90)
f <- survfit(Surv(entry, time, infection) ~ 1, d, id = id, cluster = id)
i <- sapply(at, function(t) sum(f$time <= t)); pick <- function(v) ifelse(i > 0, v[pmax(i, 1)], 0)
d$event <- factor(ifelse(d$to == d$from, 0, d$to), c(0, 2, 3)); d$now <- factor(d$from, 1:3)
m <- survfit(Surv(entry, time, event) ~ 1, d, id = id, istate = now, p0 = c(1, 0, 0))
s <- summary(m, times = at, extend = TRUE)
z <- coxph(Surv(entry, time, infection) ~ I(id %% 2) + I(id %% 5), d, cluster = id, ties = "breslow",
           control = coxph.control(eps = 1e-13, toler.chol = 1e-14))
out <- list(r = R.version.string, survival = as.character(packageVersion("survival")), times = at,
            mcf = pick(f$cumhaz), mcf_std_error = pick(f$std.chaz), states = m$states, pstate = unname(s$pstate),
            pstate_std_error = unname(s$std.err),
            rate = list(coef = unname(coef(z)), se = unname(sqrt(diag(z$var))), naive = unname(sqrt(diag(z$naive.var)))))
write(toJSON(out, digits = NA, na = "null", pretty = FALSE, auto_unbox = TRUE), "states.json")
