DROP TRIGGER simulated_first ON rules_approvalrequest;
DROP FUNCTION rules_simulated_first;
