/* Users and groups, read from the root's own files: a static program has no name service, and a fake root needs none. */
#ifndef ACCOUNTS_H
#define ACCOUNTS_H

#include <stdbool.h>
#include <stdint.h>

/* 1 found, 0 not in the file, negative errno when the file cannot be read. A name of digits is an id. "root" is always 0. */
int account_user(const char *root, const char *name, unsigned *uid, unsigned *gid);
int account_group(const char *root, const char *name, unsigned *gid);

enum { ACCOUNT_NAME_MAX = 64 };

/* The name of a user id; `name` has ACCOUNT_NAME_MAX bytes. */
bool account_name(const char *root, unsigned uid, char *name);

/* Supplementary groups of a user by /etc/group; returns how many. */
unsigned account_groups(const char *root, const char *user, unsigned *groups, unsigned max);

/* No id has this number. */
#define NO_ID UINT32_MAX

/*
 * The number that a user namespace shows for every id that it does not map: such an id can be compared with nothing. NO_ID where all ids
 * are mapped. `kind` is "uid" or "gid".
 */
unsigned account_unmapped(const char *root, const char *kind);

#endif
