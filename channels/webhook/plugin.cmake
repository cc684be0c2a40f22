# Whole configurations to begin from.
install(FILES ${CMAKE_SOURCE_DIR}/conf/examples/telegram.yaml ${CMAKE_SOURCE_DIR}/conf/examples/sms.yaml
	${CMAKE_SOURCE_DIR}/conf/examples/reviews.yaml DESTINATION share/usher/examples)
