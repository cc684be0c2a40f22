/*
 * A mail fetched from a mailbox has no envelope: what its last server noted of it in headers is read instead. Pure.
 */
#ifndef USHER_EMAIL_ENVELOPE_H
#define USHER_EMAIL_ENVELOPE_H

#include <glib.h>
#include <stdbool.h>

/* Of Return-Path: "" for <>, NULL when there is no such header. g_free it. */
char *envelope_sender(const char *raw, gsize n);
/*
 * Addresses like `mailbox` with a "+token" in Delivered-To, X-Original-To, Envelope-To, To and Cc: signed tokens by which
 * an answer or a bounce finds its way. char *, g_free each; what they say is believed for their signature only.
 */
GPtrArray *envelope_tokens(const char *raw, gsize n, const char *mailbox);
/* Whether one of those headers names exactly this mailbox. */
bool envelope_names(const char *raw, gsize n, const char *mailbox);

#endif
