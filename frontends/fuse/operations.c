/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The file system. A file is rendered when it is opened and read from that text until it is closed. Its size is asked
 * for each time: by a descriptor that is that of its own text, so that who seeks to the end comes to the end of what he
 * reads; by name, or for fstat(), which the kernel asks as if by name, that of the text last opened while there is one; else
 * that of a text rendered for the purpose.
 */
#include "mount.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names never change. */
#define ENTRY_TIMEOUT 3600.0
/* For sizes alone: ls of a directory with hundreds of registers takes a few snapshots, not hundreds. */
#define SIZE_AGE_MS 20

static struct mount *mount_of(fuse_req_t request)
{
	return fuse_req_userdata(request);
}

static struct node *node_of(struct mount *mount, fuse_ino_t ino)
{
	return ino >= 1 && ino <= mount->tree.count ? &mount->tree.nodes[ino - 1] : NULL;
}

static void fill_attributes(const struct mount *mount, const struct node *node, fuse_ino_t ino, struct stat *stat)
{
	*stat = (struct stat){
		.st_ino = ino,
		.st_mode = node->entry ? S_IFREG | 0444 : S_IFDIR | 0555,
		.st_nlink = node->entry ? 1 : 2 + node->subdirectories,
		.st_uid = getuid(),
		.st_gid = getgid(),
		.st_size = node->entry ? (off_t)node->size : 0,
		.st_blksize = 4096,
		.st_blocks = node->entry ? (blkcnt_t)((node->size + 511) / 512) : 0,
		/* Names are as old as the mount; a file's text is of this moment. */
		.st_atime = node->entry ? mount->taken_at : mount->made_at,
		.st_mtime = node->entry ? mount->taken_at : mount->made_at,
		.st_ctime = mount->made_at,
	};
}

static void do_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
	struct mount *mount = mount_of(request);
	struct node *directory = node_of(mount, parent);
	const uint32_t child = directory ? tree_child(&mount->tree, (uint32_t)(parent - 1), name) : 0;
	struct fuse_entry_param entry = { .entry_timeout = ENTRY_TIMEOUT };

	if (!child) {
		fuse_reply_err(request, ENOENT);
		return;
	}
	entry.ino = (fuse_ino_t)child + 1;
	/* These attributes are out of date at once (no timeout): whoever wants them asks do_getattr(). */
	fill_attributes(mount, &mount->tree.nodes[child], entry.ino, &entry.attr);
	fuse_reply_entry(request, &entry);
}

static const struct open_file *last_opened(const struct mount *mount, fuse_ino_t ino)
{
	const struct open_file *file = mount->open;

	while (file && file->ino != ino)
		file = file->next;
	return file;
}

static struct open_file *file_of(const struct fuse_file_info *info)
{
	return (struct open_file *)(uintptr_t)info->fh;
}

/* `info` is NULL unless it is asked by a descriptor. */
static int find_size(struct mount *mount, struct node *node, fuse_ino_t ino, const struct fuse_file_info *info)
{
	const struct open_file *file = info ? file_of(info) : last_opened(mount, ino);
	char *text;
	int error;

	if (file) {
		node->size = file->size;
		return 0;
	}
	error = mount_refresh(mount, SIZE_AGE_MS);
	if (error)
		return error;
	text = mount_render(mount, node, &node->size);
	if (!text)
		return -ENOMEM;
	free(text);
	return 0;
}

static void do_getattr(fuse_req_t request, fuse_ino_t ino, struct fuse_file_info *info)
{
	struct mount *mount = mount_of(request);
	struct node *node = node_of(mount, ino);
	struct stat stat;
	int error = node ? 0 : -ENOENT;

	if (node && node->entry)
		error = find_size(mount, node, ino, info);
	if (error) {
		fuse_reply_err(request, -error);
		return;
	}
	fill_attributes(mount, node, ino, &stat);
	fuse_reply_attr(request, &stat, 0.0);
}

static void do_open(fuse_req_t request, fuse_ino_t ino, struct fuse_file_info *info)
{
	struct mount *mount = mount_of(request);
	struct node *node = node_of(mount, ino);
	struct open_file *file;
	int error;

	if (!node || !node->entry || (info->flags & O_ACCMODE) != O_RDONLY) {
		fuse_reply_err(request, !node ? ENOENT : node->entry ? EACCES : EISDIR);
		return;
	}
	error = mount_refresh(mount, 0);
	file = error ? NULL : calloc(1, sizeof(*file));
	if (file)
		file->text = mount_render(mount, node, &file->size);
	if (!file || !file->text) {
		free(file);
		fuse_reply_err(request, error ? -error : ENOMEM);
		return;
	}
	file->ino = ino;
	file->next = mount->open;
	mount->open = file;
	node->size = file->size;
	info->fh = (uintptr_t)file;
	/* Reads come to us: pages that the kernel kept would belong to all who have it open. */
	info->direct_io = 1;
	/* Who asked for it was interrupted: nobody will close it. */
	if (fuse_reply_open(request, info))
		mount_close(mount, file);
}

static void do_read(fuse_req_t request, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *info)
{
	const struct open_file *file = file_of(info);

	(void)ino;
	if (offset < 0 || (uint64_t)offset >= file->size) {
		fuse_reply_buf(request, NULL, 0);
		return;
	}
	if (size > file->size - (size_t)offset)
		size = file->size - (size_t)offset;
	fuse_reply_buf(request, file->text + offset, size);
}

static void do_release(fuse_req_t request, fuse_ino_t ino, struct fuse_file_info *info)
{
	(void)ino;
	mount_close(mount_of(request), file_of(info));
	fuse_reply_err(request, 0);
}

/* An offset is the number of entries before: "." and "..", then the children. */
static void do_readdir(fuse_req_t request, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *info)
{
	struct mount *mount = mount_of(request);
	const struct node *directory = node_of(mount, ino);
	char *buffer = directory && !directory->entry ? malloc(size) : NULL;
	size_t used = 0, length;
	uint32_t child;
	off_t at = 0;

	(void)info;
	if (!buffer) {
		fuse_reply_err(request, !directory ? ENOENT : directory->entry ? ENOTDIR : ENOMEM);
		return;
	}
	child = directory->first;
	for (; at < 2 || child; at++) {
		const struct node *node = at >= 2 ? &mount->tree.nodes[child] : directory;
		const char *name = at == 0 ? "." : at == 1 ? ".." : node->name;
		const struct stat stat = {
			.st_ino = at == 0   ? ino
				  : at == 1 ? (ino_t)directory->parent + 1
					    : (ino_t)child + 1,
			.st_mode = node->entry ? S_IFREG : S_IFDIR,
		};

		if (at >= 2)
			child = node->next;
		if (at < offset)
			continue;
		length = fuse_add_direntry(request, buffer + used, size - used, name, &stat, at + 1);
		if (length > size - used)
			break;
		used += length;
	}
	fuse_reply_buf(request, buffer, used);
	free(buffer);
}

const struct fuse_lowlevel_ops mount_operations = {
	.lookup = do_lookup,
	.getattr = do_getattr,
	.open = do_open,
	.read = do_read,
	.release = do_release,
	.readdir = do_readdir,
};
