# SPDX-License-Identifier: BSD-3-Clause
# An outside project, copied by run.sh as its CMakeLists.txt.
cmake_minimum_required(VERSION 3.25)
project(outside LANGUAGES C)

find_package(idtntb 0.1 REQUIRED)
foreach(library idtntb idtntb_static)
	add_executable(with-${library} two-ports.c)
	target_link_libraries(with-${library} PRIVATE idtntb::${library})
endforeach()
