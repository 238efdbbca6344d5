# Small awkward trials (ties on a weekly grid, 3 to 12 participants, events on day 0, nothing or everything happened, late
# entry, weights) and what R says of them. Run here: Rscript edge_cases.R rewrites edge_cases.json; all data are invented.
# Debian: r-base-core r-cran-survival r-cran-cmprsk r-cran-etm r-cran-jsonlite
suppressPackageStartupMessages({library(survival); library(cmprsk); library(etm); library(jsonlite)})
RNGkind("Mersenne-Twister", "Inversion", "Rejection"); set.seed(20261128)
z <- qnorm(.975); at <- c(0, 7, 10, 21, 35, 60)
finite <- function(v) ifelse(is.infinite(v), 1e300, v) # JSON has no infinity
answer <- function(expr) { r <- suppressWarnings(try(expr, silent = TRUE)); if (inherits(r, "try-error")) NULL else r }

# --- one kind of event -----------------------------------------------------------------------------------------------
curve <- function(S, w = NULL) {
  fit <- function(type) if (is.null(w)) survfit(S ~ 1, conf.type = type) else survfit(S ~ 1, weights = w, robust = FALSE, conf.type = type)
  s <- summary(fit("log-log"), times = at, extend = TRUE); q <- quantile(fit("log-log"), c(.25, .5, .75))
  limits <- function(type) { l <- summary(fit(type), times = at, extend = TRUE); rbind(l$lower, l$upper) }
  list(survival = s$surv, std_error = s$std.err, hazard = s$cumhaz, hazard_std_error = s$std.chaz, log_log = limits("log-log"),
       log = limits("log"), plain = limits("plain"), quantile = unname(rbind(q$quantile, q$lower, q$upper)))
}
mean_to <- function(S, tau) { m <- summary(survfit(S ~ 1), rmean = tau)$table; unname(c(m["rmean"], m["se(rmean)"])) }
pseudo <- function(time, event) { # the true jackknife
  S <- function(t, e) summary(survfit(Surv(t, e) ~ 1), times = at, extend = TRUE)$surv; n <- length(time)
  t(sapply(1:n, function(i) n * S(time, event) - (n - 1) * S(time[-i], event[-i])))
}
logrank <- function(f, d, rho) { s <- survdiff(f, d, rho = rho); total <- function(m) if (is.matrix(m)) rowSums(m) else m
  o <- total(s$obs); e <- total(s$exp)
  list(observed = I(unname(o)), expected = I(unname(e)), variance = unname(s$var), chisq = s$chisq, df = sum(e > 0) - 1) }
contrast <- function(d, t) { # Klein et al. 2007 on log(-log S)
  s <- lapply(sort(unique(d$group)), function(g) summary(survfit(Surv(time, event) ~ 1, d[d$group == g, ]), times = t, extend = TRUE))
  S <- sapply(s, `[[`, "surv"); if (length(S) < 2 || any(S <= 0 | S >= 1)) return(NULL)
  v <- sapply(s, `[[`, "std.err")^2 / (S * log(S))^2; y <- log(-log(S)); w <- 1 / v
  list(chisq = sum(w * (y - sum(w * y) / sum(w))^2), df = length(S) - 1) }

weighted <- function(d) { # W (d_1 - d Y_1 / Y) and its hypergeometric variance, first group, over event times
  one <- d$group == sort(unique(d$group))[1]; u <- sort(unique(d$time[d$event == 1]))
  at_risk <- function(t, who) sum(who & d$entry < t & d$time >= t | who & !d$late & d$time >= t); hit <- function(t, who) sum(who & d$time == t & d$event == 1)
  Y <- sapply(u, at_risk, TRUE); Y1 <- sapply(u, at_risk, one); D <- sapply(u, hit, TRUE); D1 <- sapply(u, hit, one); before <- c(1, cumprod(1 - D / Y))[seq_along(u)]
  v <- ifelse(Y > 1, D * Y1 / Y * (1 - Y1 / Y) * (Y - D) / pmax(Y - 1, 1), 0)
  W <- list("log-rank" = rep(1, length(u)), "gehan-breslow" = Y, "tarone-ware" = sqrt(Y), "peto-peto" = cumprod(1 - D / (Y + 1)), "fleming-harrington" = before * (1 - before))
  lapply(W, function(w) c(sum(w * (D1 - D * Y1 / Y)), sum(w^2 * v))) }
permuted <- function(d) { # every way to choose the first group; scores: event minus the pooled Nelson-Aalen estimate
  one <- d$group == sort(unique(d$group))[1]; if (nrow(d) > 12 || all(one)) return(NULL)
  hazard <- sapply(d$time, function(t) { u <- sort(unique(d$time[d$event == 1 & d$time <= t])); sum(vapply(u, function(s) sum(d$time == s & d$event == 1) / sum(d$time >= s), 0)) })
  score <- d$event - hazard; U <- combn(nrow(d), sum(one), function(i) sum(score[i])); centre <- mean(U)
  mean(abs(U - centre) >= abs(sum(score[one]) - centre) - 1e-9) }
difference_in_means <- function(d) { # each group's area under the curve up to the last day that both have reached
  g <- sort(unique(d$group)); if (length(g) != 2) return(NULL); tau <- min(tapply(d$time, d$group, max)); if (tau == 0) return(NULL)
  m <- sapply(g, function(k) answer(mean_to(Surv(d$time, d$event)[d$group == k], tau))); if (is.list(m)) return(NULL)
  list(tau = tau, difference = m[1, 1] - m[1, 2], std_error = sqrt(sum(m[2, ]^2))) }

# --- competing risks -------------------------------------------------------------------------------------------------
states <- function(S, id, w = NULL) {
  f <- if (is.null(w)) survfit(S ~ 1, id = id) else survfit(S ~ 1, id = id, weights = w)
  s <- summary(f, times = at, extend = TRUE); list(incidence = t(s$pstate[, -1]), std_error = t(s$std.err[, -1])) }
greenwood <- function(d) { tra <- matrix(FALSE, 3, 3); tra[1, -1] <- TRUE
  f <- etm(data.frame(id = d$id, from = "0", to = ifelse(d$cause == 0, "cens", d$cause), entry = d$entry, exit = d$time),
           c("0", "1", "2"), tra, "cens", s = 0, covariance = TRUE)
  t(sapply(1:2, function(k) trcov(f, paste("0", k), at))) }
aalen <- function(d) { tp <- timepoints(cuminc(d$time, d$cause, cencode = 0), at[at <= max(d$time)])
  list(names = I(rownames(tp$est)), incidence = unname(tp$est), variance = unname(tp$var)) }
gray <- function(d, rho, strata) {
  t <- if (strata) cuminc(d$time, d$cause, d$group, d$stratum, rho = rho, cencode = 0)$Tests else cuminc(d$time, d$cause, d$group, rho = rho, cencode = 0)$Tests
  if (is.null(t)) NULL else list(cause = I(rownames(t)), statistic = I(unname(t[, "stat"])), p = I(unname(t[, "pv"])), df = I(unname(t[, "df"]))) }
pseudo_incidence <- function(d) { # the true jackknife of cause 1
  F <- function(r) summary(survfit(Surv(time, state) ~ 1, r, id = id), times = at, extend = TRUE)$pstate[, 2]; n <- nrow(d)
  t(sapply(1:n, function(i) n * F(d) - (n - 1) * F(d[-i, ]))) }
expanded <- function(d) { f <- finegray(Surv(time, state) ~ ., d[, c("time", "state", "x", "z", "id")], etype = "1")
  m <- coxph(Surv(fgstart, fgstop, fgstatus) ~ x, f, weights = fgwt, ties = "breslow", cluster = id, control = control)
  if (is.na(coef(m)) || abs(coef(m)) > 6) NULL else list(rows = nrow(f), weight = sum(f$fgwt), coefficient = unname(coef(m)), std_error = sqrt(m$var[1, 1])) }
subdistribution <- function(d) { # crr puts a censoring on day 0 in the wrong place: approx() averages it with G(0) = 1
  if (any(d$time == 0 & d$cause == 0)) return(NULL)
  f <- crr(d$time, d$cause, cbind(d$x, d$z), failcode = 1, cencode = 0, gtol = 1e-13, maxiter = 60)
  if (!f$converged || max(abs(f$coef)) > 6 || any(is.na(f$var))) NULL else
    list(coefficient = unname(f$coef), variance = unname(f$var), loglik = c(f$loglik.null, f$loglik)) }

# --- regression ------------------------------------------------------------------------------------------------------
control <- coxph.control(eps = 1e-12, toler.chol = 1e-13, iter.max = 60)
proportional <- function(f, d, ties, w = NULL) {
  m <- if (is.null(w)) coxph(f, d, ties = ties, control = control) else { d$w <- w; coxph(f, d, weights = w, ties = ties, robust = TRUE, control = control) }
  if (any(is.na(coef(m))) || max(abs(coef(m))) > 6) return(NULL)
  s <- summary(m); naive <- if (is.null(m$naive.var)) m$var else m$naive.var
  zph <- function(how) answer(unname(cox.zph(m, transform = how)$table[, 1]))
  list(coefficient = I(unname(coef(m))), model_variance = naive, variance = m$var, loglik = m$loglik, score = unname(s$sctest[1]),
       wald = unname(m$wald.test), concordance = unname(m$concordance["concordance"]), zph_km = zph("km"), zph_identity = zph("identity")) }
firth <- function(S, x) { # penalised likelihood from coxph at fixed values, Breslow
  if (length(unique(x)) < 2 || !any(S[, "status"] == 1)) return(NULL)
  l <- function(b) { m <- coxph(S ~ x, init = b, ties = "breslow", control = coxph.control(iter.max = 0)); m$loglik[1] - .5 * log(m$var[1, 1]) }
  top <- optimize(l, c(-8, 8), maximum = TRUE, tol = 1e-10); if (!is.finite(top$objective)) return(NULL)
  drop <- function(b) 2 * (top$objective - l(b)) - qchisq(.95, 1)
  list(coefficient = top$maximum, low = answer(uniroot(drop, c(-9, top$maximum), tol = 1e-12)$root), high = answer(uniroot(drop, c(top$maximum, 9), tol = 1e-12)$root),
       p = pchisq(2 * (top$objective - l(0)), 1, lower.tail = FALSE)) }

draw <- function(k) {
  n <- c(3, 6, 5, 6, 8, 6, 12, 20)[1 + k %% 8]; late <- k %% 4 == 3
  entry <- if (late) 7 * sample(0:3, n, TRUE, c(.5, .2, .2, .1)) else rep(0, n)
  time <- 7 * sample(0:6, n, TRUE); if (late) time <- entry + pmax(time, 7)
  cause <- if (k %% 10 == 4) rep(0, n) else if (k %% 10 == 9) rep(1, n) else if (k %% 10 == 2) sample(0:1, n, TRUE) else sample(0:2, n, TRUE)
  if (k %% 7 == 5 && !late) { time[1] <- 0; cause[1] <- 1 }
  if (k == 12) time[] <- 14
  list(entry = entry, time = time, cause = cause, late = late, weight = round(runif(n, .2, 3), 2), group = sample(c("adult", "child", "infant")[1:(2 + k %% 2)], n, TRUE),
       stratum = sample(c("A", "B"), n, TRUE), x = rbinom(n, 1, .5), z = round(rnorm(n), 1))
}
judged <- lapply(1:48, function(k) {
  d <- draw(k); out <- d; late <- d$late; d$late <- NULL; d <- as.data.frame(d); d$id <- seq_len(nrow(d)); d$event <- as.integer(d$cause > 0); d$state <- factor(d$cause, 0:2)
  S <- if (late) Surv(d$entry, d$time, d$event) else Surv(d$time, d$event)
  M <- if (late) Surv(d$entry, d$time, d$state) else Surv(d$time, d$state)
  tau <- max(d$time)
  out$km <- curve(S); out$km_weighted <- curve(S, d$weight)
  if (!late) {
    out$follow_up <- curve(Surv(d$time, 1 - d$event))$quantile
    if (tau > 0) out$rmst <- lapply(c(tau, tau / 2 + 1), function(u) list(tau = u, value = answer(mean_to(S, u))))
    out$pseudo <- pseudo(d$time, d$event); out$contrast <- lapply(c(7, 21), function(t) contrast(d, t))
  }
  out$jackknife <- states(M, d$id); out$jackknife_weighted <- states(M, d$id, d$weight)
  if (any(d$event == 1) && min(d$time) > 0) out$greenwood <- answer(greenwood(d))
  if (any(d$event == 1) && !late) {
    out$aalen <- aalen(d)
    if (length(unique(d$group)) > 1) {
      out$gray <- lapply(0:3, function(i) answer(gray(d, i %% 2, i > 1)))
      out$logrank <- lapply(0:3, function(i) answer(logrank(if (i > 1) Surv(time, event) ~ group + strata(stratum) else Surv(time, event) ~ group, d, i %% 2)))
    }
    out$fine_gray <- answer(subdistribution(d))
    if (min(d$time) > 0) out$finegray <- answer(expanded(d))
    out$pseudo_incidence <- answer(pseudo_incidence(d))
    if (length(unique(d$group)) > 1) { out$permuted <- permuted(d); out$difference_in_means <- difference_in_means(d) }
  }
  if (nrow(d) >= 6 && any(d$event == 1)) { d$S <- S
    out$efron <- answer(proportional(S ~ x + z, d, "efron")); out$breslow <- answer(proportional(S ~ x, d, "breslow"))
    out$exact <- answer({ m <- coxph(S ~ x, d, ties = "exact", control = control); if (abs(coef(m)) > 6) NULL else list(coefficient = unname(coef(m)), variance = m$var[1, 1], loglik = m$loglik) })
    out$stratified <- answer(proportional(S ~ x + strata(stratum), d, "efron")); out$robust <- answer(proportional(S ~ x, d, "efron", d$weight))
  }
  if (any(d$event == 1) && length(unique(d$group)) == 2) { e <- d; e$late <- late; out$weighted_logrank <- weighted(e) }
  out$firth <- answer(firth(S, d$x))
  out
})

# --- recurrent events: Ghosh and Lin's mean, its variance by a complex step in each participant's weight -----------------
recurrent <- lapply(1:8, function(k) {
  n <- c(3, 6, 6, 10)[1 + k %% 4]; rows <- do.call(rbind, lapply(1:n, function(i) {
    end <- 7 * sample(2:7, 1); e <- sort(unique(7 * sample(1:7, sample(0:3, 1)))); e <- e[e < end]; last <- sample(0:1, 1); death <- if (last) 0 else sample(0:1, 1)
    data.frame(id = i, start = c(0, e), stop = c(e, end), event = c(rep(1, length(e)), last), death = c(rep(0, length(e)), death)) }))
  if (k == 8) rows$event[] <- 0
  f <- survfit(Surv(start, stop, event) ~ 1, rows, id = id, cluster = id); s <- summary(f, times = at, extend = TRUE)
  p <- summary(survfit(Surv(start, stop, event) ~ 1, rows, id = id, robust = FALSE), times = at, extend = TRUE)
  mu <- function(w) sapply(at, function(t) { S <- 1 + 0i; m <- 0 + 0i
    for (u in sort(unique(rows$stop[rows$stop <= t]))) { risk <- rows$start < u & rows$stop >= u; y <- sum(w[rows$id[risk]]); now <- rows$stop == u
      m <- m + S * sum(w[rows$id[now & rows$event == 1]]) / y; S <- S * (1 - sum(w[rows$id[now & rows$death == 1]]) / y) }
    m })
  influence <- sapply(1:n, function(i) { w <- rep(1 + 0i, n); w[i] <- w[i] + 1e-30i; Im(mu(w)) / 1e-30 })
  rows$x <- rows$id %% 2
  rate <- answer({ m <- coxph(Surv(start, stop, event) ~ x + cluster(id), rows, ties = "breslow", control = control); if (abs(coef(m)) > 6) NULL else c(coef(m), sqrt(m$var[1, 1]), sqrt(m$naive.var[1, 1])) })
  c(as.list(rows), list(rate = unname(rate), mean = s$cumhaz, robust = s$std.chaz, poisson = p$std.chaz, ghosh_lin = Re(mu(rep(1 + 0i, n))), ghosh_lin_std_error = sqrt(rowSums(influence^2))))
})

# --- interval censoring: EM on the innermost intervals until nothing moves ---------------------------------------------
npmle <- function(L, R) {
  ends <- sort(unique(c(L, R))); # (L, R], exact when L = R
  piece <- rbind(cbind(ends[-length(ends)], ends[-1]), cbind(ends[is.finite(ends)], ends[is.finite(ends)]))
  inside <- sapply(seq_len(nrow(piece)), function(j) ifelse(L == R, piece[j, 1] == L & piece[j, 2] == L, piece[j, 1] >= L & piece[j, 2] <= R & (piece[j, 1] < piece[j, 2] | piece[j, 1] > L)))
  inside <- matrix(inside * 1, length(L)); p <- rep(1 / ncol(inside), ncol(inside))
  for (i in 1:200000) { q <- colMeans(sweep(inside, 2, p, "*") / as.vector(inside %*% p)); if (max(abs(q - p)) < 1e-15) break; p <- q }
  sum(log(inside %*% p))
}
intervals <- lapply(1:10, function(k) { n <- c(3, 6, 6, 8, 12)[1 + k %% 5]; L <- 7 * sample(0:4, n, TRUE); R <- L + 7 * sample(0:3, n, TRUE); R[L == 0 & R == 0] <- 7
  R[sample(n, 1 + n %/% 4)] <- Inf; list(left = L, right = ifelse(is.finite(R), R, -1), loglik = npmle(L, R)) })

# --- states: well, ill, dead; some recover, some enter late -----------------------------------------------------------
moves <- lapply(1:8, function(k) { rows <- do.call(rbind, lapply(1:c(3, 6, 6, 12)[1 + k %% 4], function(i) {
    start <- if (k > 4) 7 * sample(0:2, 1) else 0; one <- start + 7 * sample(1:3, 1); two <- one + 7 * sample(1:3, 1); how <- sample(4, 1)
    if (how == 1) rbind(data.frame(id = i, start = start, stop = one, from = "well", to = "ill"), data.frame(id = i, start = one, stop = two, from = "ill", to = sample(c("dead", "none", "well"), 1)))
    else data.frame(id = i, start = start, stop = one, from = "well", to = c("dead", "none", "ill")[how - 1]) }))
  s <- summary(survfit(Surv(start, stop, factor(to, c("none", "well", "ill", "dead"))) ~ 1, rows, id = id, istate = factor(from, c("well", "ill", "dead"))), times = at, extend = TRUE)
  c(as.list(rows), list(probability = t(s$pstate), std_error = t(s$std.err))) })

# --- proportions and rates -----------------------------------------------------------------------------------------------
counts <- do.call(rbind, lapply(c(1, 2, 3, 6, 14), function(n) cbind(0:n, n)))
mid_p <- function(x, n) c(if (x == 0) 0 else uniroot(function(p) pbinom(x, n, p, lower.tail = FALSE) + .5 * dbinom(x, n, p) - .025, c(0, 1), tol = 1e-15)$root,
                          if (x == n) 1 else uniroot(function(p) pbinom(x - 1, n, p) + .5 * dbinom(x, n, p) - .025, c(0, 1), tol = 1e-15)$root)
proportion <- list(x = counts[, 1], n = counts[, 2], clopper_pearson = t(apply(counts, 1, function(r) binom.test(r[1], r[2])$conf.int)),
  wilson = t(apply(counts, 1, function(r) suppressWarnings(prop.test(r[1], r[2], correct = FALSE)$conf.int))), mid_p = t(apply(counts, 1, function(r) mid_p(r[1], r[2]))))
tables <- expand.grid(a = 0:3, b = 0:5, sizes = 1:2); tables$m <- c(3, 6)[tables$sizes]; tables$n <- 5
score <- function(x, m, y, n, delta) { # Miettinen and Nurminen: constrained maximum by search
  log_p <- function(k, p) ifelse(k > 0, k * log(p), 0); ends <- c(max(0, -delta), min(1, 1 - delta))
  q <- optimize(function(q) log_p(x, q + delta) + log_p(m - x, 1 - q - delta) + log_p(y, q) + log_p(n - y, 1 - q), ends, maximum = TRUE, tol = 1e-13)$maximum; p <- q + delta
  (x / m - y / n - delta) / sqrt((p * (1 - p) / m + q * (1 - q) / n) * (m + n) / (m + n - 1)) }
differences <- lapply(seq_len(nrow(tables)), function(i) with(tables[i, ], { d <- a / m - b / n; w <- function(x, n) suppressWarnings(prop.test(x, n, correct = FALSE)$conf.int); u <- w(a, m); v <- w(b, n)
  low <- if (d <= -1) -1 else uniroot(function(D) score(a, m, b, n, D) - z, c(-1 + 1e-9, d - 1e-9), tol = 1e-12)$root; high <- if (d >= 1) 1 else uniroot(function(D) score(a, m, b, n, D) + z, c(d + 1e-9, 1 - 1e-9), tol = 1e-12)$root
  list(given = c(a, m, b, n), newcombe = c(d - sqrt((a / m - u[1])^2 + (v[2] - b / n)^2), d + sqrt((u[2] - a / m)^2 + (b / n - v[1])^2)), score = c(low, high)) }))
fisher <- lapply(seq_len(nrow(tables)), function(i) with(tables[i, ], { f <- fisher.test(matrix(c(a, m - a, b, n - b), 2)); list(a = a, m = m, b = b, n = n, p = f$p.value, odds = finite(unname(f$estimate)), ci = finite(f$conf.int[1:2])) }))
rates <- lapply(list(c(0, 10, 0, 5), c(0, 10, 3, 7.5), c(1, 100, 0, 50), c(2, 30, 2, 60), c(5, 12.5, 1, 20)), function(r) {
  one <- poisson.test(r[1], r[2]); two <- poisson.test(r[c(1, 3)], r[c(2, 4)])
  list(given = r, ci = one$conf.int[1:2], ratio = finite(unname(two$estimate)), ratio_ci = finite(two$conf.int[1:2]), p = two$p.value) })
shift <- lapply(1:10, function(k) { x <- sample(0:5, sample(2:5, 1), TRUE); y <- sample(0:5, sample(2:5, 1), TRUE); r <- rank(c(x, y)); m <- length(x)
  W <- combn(length(r), m, function(i) sum(r[i])); w <- sum(r[1:m]); list(x = I(x), y = I(y), p = mean(abs(W - mean(W)) >= abs(w - mean(W)) - 1e-9), shift = median(outer(x, y, "-"))) })

write(toJSON(list(r = R.version.string, packages = sapply(c("survival", "cmprsk", "etm"), function(p) as.character(packageVersion(p))), at = at, trials = judged, recurrent = recurrent,
  intervals = intervals, moves = moves, differences = differences, proportion = proportion, fisher = fisher, rates = rates, shift = shift), digits = NA, na = "null", auto_unbox = TRUE), "edge_cases.json")
