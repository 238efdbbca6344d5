# The R side of survival_kernels.py: takes orders on standard input, answers with seconds. `load FOLDER` reads the
# arrays, `run METHOD CALLS` times so many calls and prints seconds of wall and of CPU for all of them.

suppressMessages({
  library(survival)
  library(cmprsk)
})

read <- function(folder, name, what, size) {
  file <- file.path(folder, paste0(name, if (size == 8) ".f64" else ".i32"))
  readBin(file, what, file.size(file) / size, size = size)
}

methods <- list(
  km = function(d) survfit(Surv(time, event) ~ 1, d),
  aj = function(d) cuminc(d$time, d$cause),
  gray = function(d) cuminc(d$time, d$cause, d$group),
  "gray-curves" = function(d) cuminc(d$time, d$cause, d$group),
  logrank = function(d) survdiff(Surv(time, event) ~ group, d),
  "fine-gray" = function(d) crr(d$time, d$cause, d$x),
  "fine-gray-rows" = function(d) {
    rows <- finegray(Surv(time, state) ~ ., d$frame, etype = "1")
    coxph(Surv(fgstart, fgstop, fgstatus) ~ x1 + x2, rows, weights = fgwt, ties = "breslow")
  },
  cox = function(d) coxph(Surv(time, event) ~ x1 + x2, d$frame)
)

input <- file("stdin", "r")
while (length(line <- readLines(input, 1)) > 0) {
  words <- strsplit(line, " ")[[1]]
  if (words[1] == "load") {
    d <- list()
    for (name in c("time", "x1", "x2")) d[[name]] <- read(words[2], name, "double", 8)
    for (name in c("cause", "group")) d[[name]] <- read(words[2], name, "integer", 4)
    d$event <- as.integer(d$cause > 0)
    d$x <- cbind(d$x1, d$x2)
    d$frame <- data.frame(time = d$time, event = d$event, x1 = d$x1, x2 = d$x2, state = factor(d$cause, 0:2))
    cat(names(methods), "\n")
  } else {
    invisible(gc())
    call <- methods[[words[2]]]
    spent <- system.time(for (i in seq_len(as.integer(words[3]))) call(d), gcFirst = FALSE)
    cat(spent[["elapsed"]], spent[["user.self"]] + spent[["sys.self"]], "\n")
  }
  flush(stdout())
}
