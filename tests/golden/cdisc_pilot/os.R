# Overall survival of CDISC Pilot 01 derived from SDTM without sight of the pipeline: from first dose (DM.RFXSTDTC) to
# death (DM.DTHDTC) or the last visit (SV), log-log interval, per arm and pooled, at days 90 and 180.
#   Rscript os.R path/to/cdisc_pilot/sdtm > os.json
suppressMessages(library(survival))
folder <- commandArgs(TRUE)[1]
day <- function(x) as.Date(substr(x, 1, 10))
dm <- subset(read.csv(file.path(folder, "dm.csv")), ARMCD != "Scrnfail")
sv <- read.csv(file.path(folder, "sv.csv"))
last <- tapply(as.numeric(day(sv$SVSTDTC)), sv$USUBJID, max, na.rm = TRUE)
death <- as.numeric(day(dm$DTHDTC)); start <- as.numeric(day(dm$RFXSTDTC))
d <- data.frame(ARMCD = dm$ARMCD, event = !is.na(death),
                time = ifelse(is.na(death), last[dm$USUBJID], death) - start)
one <- function(x) {
  s <- summary(survfit(Surv(time, event) ~ 1, data = x, conf.type = "log-log"), times = c(90, 180), extend = TRUE)
  n <- function(v) paste(ifelse(is.na(v), "null", sprintf("%.17g", v)), collapse = ", ")
  sprintf('{"surv": [%s], "lower": [%s], "upper": [%s]}', n(s$surv), n(s$lower), n(s$upper))
}
arms <- c("Pbo", "Xan_Lo", "Xan_Hi")
rows <- c(sapply(arms, function(a) one(subset(d, ARMCD == a))), all = one(d))
cat("{", paste(sprintf('"%s": %s', names(rows), rows), collapse = ",\n "), "}\n", sep = "")
