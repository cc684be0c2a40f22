# The worked examples, to be run as they are or copied.
install(PROGRAMS ${dir}/examples/udp.py ${dir}/examples/spool.sh ${dir}/examples/hook.py DESTINATION share/usher/exec)
install(FILES ${CMAKE_SOURCE_DIR}/conf/examples/exec.yaml DESTINATION share/usher/examples)
